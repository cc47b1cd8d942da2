locals {
  bucket_arn = "arn:aws:s3:::${var.state.bucket}"
  plans      = "plans/${var.state.folder}/*"
  state      = "${var.state.folder}/terraform.tfstate"
}

# What the roles do with the state's bucket. All read the state, in which the outputs are; apply and plan lock it; only
# apply writes it, and takes the plans that only plan puts there. A preview does nothing else at all.
data "aws_iam_policy_document" "state" {
  for_each = local.subjects

  statement {
    sid       = "ListState"
    actions   = ["s3:GetBucketVersioning", "s3:ListBucket"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = each.key == "apply" ? ["${local.bucket_arn}/${local.state}", "${local.bucket_arn}/${local.plans}"] : ["${local.bucket_arn}/${local.state}"]
  }

  dynamic "statement" {
    for_each = setintersection([each.key], local.terraform)
    content {
      sid       = "LockState"
      actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.bucket_arn}/${local.state}.tflock"]
    }
  }

  dynamic "statement" {
    for_each = setintersection([each.key], local.terraform)
    content {
      sid       = "WriteState"
      actions   = ["s3:PutObject"]
      resources = [each.key == "apply" ? "${local.bucket_arn}/${local.state}" : "${local.bucket_arn}/${local.plans}"]
    }
  }

  dynamic "statement" {
    for_each = var.state.kms_key_arn == null ? [] : [var.state.kms_key_arn]
    content {
      sid       = "StateKey"
      actions   = contains(local.terraform, each.key) ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.context.region}.amazonaws.com"]
      }
    }
  }
}
