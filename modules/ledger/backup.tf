# Opt-in. Point-in-time recovery goes with the account and the region; a copy in another vault does not.
resource "aws_backup_vault" "this" {
  count = var.backup == null ? 0 : 1

  name          = var.context.name
  force_destroy = !var.deletion_protection
  kms_key_arn   = module.key.arn
}

resource "aws_backup_plan" "this" {
  count = var.backup == null ? 0 : 1

  name = var.context.name

  rule {
    rule_name         = "daily"
    schedule          = "cron(0 3 * * ? *)"
    target_vault_name = aws_backup_vault.this[0].name

    lifecycle {
      delete_after = var.backup.keep_days
    }

    dynamic "copy_action" {
      for_each = var.backup.copy_to_vault_arn[*]
      content {
        destination_vault_arn = copy_action.value

        lifecycle {
          delete_after = var.backup.keep_days
        }
      }
    }
  }
}

data "aws_iam_policy_document" "backup_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

# The policy of AWS's own for it: Backup asks for more with each kind of table that DynamoDB learns.
resource "aws_iam_role" "backup" {
  count = var.backup == null ? 0 : 1

  name               = "${var.context.name}-backup"
  assume_role_policy = data.aws_iam_policy_document.backup_assume.json
}

resource "aws_iam_role_policy_attachment" "backup" {
  # checkov:skip=CKV_GW_5:AWS Backup asks for more with each kind of table that DynamoDB learns; AWS keeps this list for it
  count = var.backup == null ? 0 : 1

  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
  role       = aws_iam_role.backup[0].name
}

resource "aws_backup_selection" "this" {
  count = var.backup == null ? 0 : 1

  iam_role_arn = aws_iam_role.backup[0].arn
  name         = "tables"
  plan_id      = aws_backup_plan.this[0].id
  resources    = [for table in aws_dynamodb_table.this : table.arn]

  depends_on = [aws_iam_role_policy_attachment.backup]
}
