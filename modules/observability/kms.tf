data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_111:In a key's policy the resource * is the key itself
  # checkov:skip=CKV_AWS_356:In a key's policy the resource * is the key itself

  # CloudWatch Logs may use the key for the log groups of this deployment only.
  statement {
    sid = "LogGroups"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.context.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [for group in [
        "/${var.context.name}/*",
        "/aws/ecs/containerinsights/${var.context.name}/*",
        "aws-waf-logs-${var.context.name}*",
      ] : "arn:aws:logs:${var.context.region}:${var.context.account_id}:log-group:${group}"]
    }
  }

  # Services that publish to the encrypted topic need a data key of it.
  statement {
    sid       = "Notifications"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = local.publishers
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

module "key" {
  source = "../key"

  context          = var.context
  description      = "log groups and notifications"
  policy_documents = [data.aws_iam_policy_document.key.json]
  purpose          = "logs"
}
