# What the scheduled check of the audit log does: it reads the records and the ledger, and closes the leases of agents
# that are gone for ever. It changes the ledger's items and nothing else. See docs/adr/0035-who-tidies-the-ledger.md.
data "aws_iam_policy_document" "audit" {
  count = var.audit == null ? 0 : 1

  statement {
    sid       = "ListRecords"
    actions   = ["s3:ListBucket"]
    resources = [var.audit.records_bucket_arn, var.audit.snapshot_bucket_arn]
  }

  statement {
    sid       = "ReadRecords"
    actions   = ["s3:GetObject"]
    resources = ["${var.audit.records_bucket_arn}/*", "${var.audit.snapshot_bucket_arn}/*"]
  }

  statement {
    sid       = "ReadLedger"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]
    resources = [for key in ["audit", "documents", "ledger"] : var.audit.table_arns[key]]
  }

  statement {
    sid       = "CloseLeases"
    actions   = ["dynamodb:UpdateItem"]
    resources = [var.audit.table_arns["ledger"]]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = var.audit.kms_key_arns

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "s3"] : "${service}.${var.context.region}.amazonaws.com"]
    }
  }
}
