data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_111:In a key's policy the resource * is the key itself
  # checkov:skip=CKV_AWS_356:In a key's policy the resource * is the key itself

  # Fargate encrypts the tasks' own disk with this key: it asks for a data key and lets the host decrypt it.
  statement {
    sid       = "FargateDataKey"
    actions   = ["kms:GenerateDataKeyWithoutPlaintext"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["fargate.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:ecs:clusterAccount"
      values   = [var.context.account_id]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:ecs:clusterName"
      values   = [var.context.name]
    }
  }

  statement {
    sid       = "FargateGrant"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["fargate.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:ecs:clusterAccount"
      values   = [var.context.account_id]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:ecs:clusterName"
      values   = [var.context.name]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "kms:GrantOperations"
      values   = ["Decrypt"]
    }
  }
}

module "key" {
  source = "../key"

  context          = var.context
  description      = "images, provider keys and the disks of tasks"
  policy_documents = [data.aws_iam_policy_document.key.json]
  purpose          = "tasks"
}
