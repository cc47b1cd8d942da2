data "aws_iam_policy_document" "firehose_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

data "aws_iam_policy_document" "firehose" {
  statement {
    sid = "Deliver"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:PutObject",
    ]
    resources = [module.records.arn, "${module.records.arn}/*"]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [module.key.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.context.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "Schema"
    actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    resources = [for path in ["catalog", "database/${local.database}", "table/${local.database}/records"] :
      "arn:aws:glue:${var.context.region}:${var.context.account_id}:${path}"
    ]
  }

  statement {
    sid       = "Errors"
    actions   = ["logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.context.region}:${var.context.account_id}:log-group:${local.log_group}:log-stream:*"]
  }
}

resource "aws_iam_role" "firehose" {
  name               = "${var.context.name}-audit-delivery"
  assume_role_policy = data.aws_iam_policy_document.firehose_assume.json
}

resource "aws_iam_role_policy" "firehose" {
  name   = "deliver-audit-records"
  policy = data.aws_iam_policy_document.firehose.json
  role   = aws_iam_role.firehose.id
}
