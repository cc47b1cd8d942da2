locals {
  repository_arns = [
    for name in ["agent", "collector", "edge", "gateway"] :
    "arn:aws:ecr:${var.context.region}:${var.context.account_id}:repository/${var.context.name}/${name}"
  ]
}

# One repository for each container, so that a deployment can live from copies of upstream's images.
resource "aws_ecr_repository" "this" {
  for_each = toset(["agent", "collector", "edge", "gateway"])

  name                 = "${var.context.name}/${each.key}"
  force_delete         = !var.deletion_protection
  image_tag_mutability = "IMMUTABLE"

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = module.key.arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Images without a tag go after two weeks."
        action       = { type = "expire" }
        selection    = { countNumber = 14, countType = "sinceImagePushed", countUnit = "days", tagStatus = "untagged" }
      },
      {
        rulePriority = 2
        description  = "The last fifty images stay."
        action       = { type = "expire" }
        selection    = { countNumber = 50, countType = "imageCountMoreThan", tagStatus = "any" }
      },
    ]
  })
}
