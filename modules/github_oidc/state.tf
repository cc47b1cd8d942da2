locals {
  bucket_arn = "arn:${var.context.partition}:s3:::${var.state.bucket}"
}

# What both roles do with the state's bucket: read the state, lock it. Only apply writes it, only plan puts plans.
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
    resources = ["${local.bucket_arn}/${var.state.folder}/*", "${local.bucket_arn}/plans/${var.state.folder}/*"]
  }

  statement {
    sid       = "LockState"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${local.bucket_arn}/${var.state.folder}/*.tflock"]
  }

  statement {
    sid       = "WriteState"
    actions   = ["s3:PutObject"]
    resources = [each.key == "apply" ? "${local.bucket_arn}/${var.state.folder}/terraform.tfstate" : "${local.bucket_arn}/plans/${var.state.folder}/*"]
  }

  dynamic "statement" {
    for_each = var.state.kms_key_arn == null ? [] : [var.state.kms_key_arn]
    content {
      sid       = "StateKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.context.region}.amazonaws.com"]
      }
    }
  }
}
