locals {
  table_actions = {
    append = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    get    = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
    none   = []
    read   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    write  = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
  }
  snapshot_actions = {
    none  = []
    read  = ["s3:GetObject", "s3:GetObjectVersion"]
    write = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
  }

  # Tables that a function may use, with the actions: { teams = { documents = [...] } }.
  function_tables = {
    for name, function in var.functions : name => {
      for table, level in function.access.tables : table => local.table_actions[level] if level != "none"
    }
  }
}

data "aws_iam_policy_document" "function_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# Each function gets what its entry in `functions` says, and nothing more.
data "aws_iam_policy_document" "function" {
  for_each = var.functions

  statement {
    sid       = "Output"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.context.region}:${var.context.account_id}:log-group:/${var.context.name}/admin/${each.key}:*"]
  }

  statement {
    sid       = "Traces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"] # X-Ray knows no resource for these
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.stores.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "lambda", "s3"] : "${service}.${var.context.region}.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = local.function_tables[each.key]
    content {
      sid       = "Table${title(statement.key)}"
      actions   = statement.value
      resources = [var.stores.tables[statement.key].arn, "${var.stores.tables[statement.key].arn}/index/*"]
    }
  }

  dynamic "statement" {
    for_each = each.value.access.snapshots == "none" ? [] : [local.snapshot_actions[each.value.access.snapshots]]
    content {
      sid       = "Snapshots"
      actions   = statement.value
      resources = ["${var.stores.snapshot_bucket.arn}/*"]
    }
  }

  # Tells a snapshot that does not exist yet from one that may not be read, and lists versions to roll back to.
  dynamic "statement" {
    for_each = each.value.access.snapshots == "none" ? [] : [1]
    content {
      sid       = "SnapshotList"
      actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
      resources = [var.stores.snapshot_bucket.arn]
    }
  }

  dynamic "statement" {
    for_each = each.value.access.audit ? [1] : []
    content {
      sid       = "AuditRecords"
      actions   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      resources = [var.stores.audit_stream.arn]
    }
  }

  dynamic "statement" {
    for_each = each.value.access.clients ? [1] : []
    content {
      sid = "Clients"
      actions = [
        "cognito-idp:AddUserPoolClientSecret",
        "cognito-idp:CreateUserPoolClient",
        "cognito-idp:DeleteUserPoolClient",
        "cognito-idp:DeleteUserPoolClientSecret",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:ListUserPoolClientSecrets",
      ]
      resources = [var.identity.user_pool_arn]
    }
  }

  dynamic "statement" {
    for_each = each.value.access.clients_known ? [1] : []
    content {
      sid       = "ClientsKnown"
      actions   = ["cognito-idp:DescribeUserPoolClient"]
      resources = [var.identity.user_pool_arn]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = var.functions

  name               = "${local.api_name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.function_assume.json
}

resource "aws_iam_role_policy" "function" {
  for_each = var.functions

  name   = "serve-${each.key}"
  policy = data.aws_iam_policy_document.function[each.key].json
  role   = aws_iam_role.function[each.key].id
}
