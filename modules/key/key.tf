data "aws_iam_policy_document" "this" {
  # checkov:skip=CKV_AWS_109:In a key's policy the resource * is the key itself
  # checkov:skip=CKV_AWS_111:In a key's policy the resource * is the key itself
  # checkov:skip=CKV_AWS_356:In a key's policy the resource * is the key itself
  source_policy_documents = var.policy_documents

  # Hands control of the key to IAM in this account; without it nobody could ever change the key again.
  statement {
    sid       = "AccountAdministration"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.context.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "${var.context.name}: ${var.description}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.this.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.context.name}/${var.purpose}"
  target_key_id = aws_kms_key.this.key_id
}
