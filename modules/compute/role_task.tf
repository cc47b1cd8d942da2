locals {
  arn_tail         = "${var.context.region}:${var.context.account_id}"
  log_group_prefix = "arn:aws:logs:${local.arn_tail}:log-group:"
  secret_prefix    = "arn:aws:secretsmanager:${local.arn_tail}:secret:"
}

# What the containers may do. A task has one role for all of them; the edge never calls AWS.
data "aws_iam_policy_document" "task" {
  statement {
    sid = "Ledger"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = flatten([
      for key, table in var.stores.tables : [table.arn, "${table.arn}/index/*"] if key != "audit"
    ])
  }

  # The agent copies what the admin API recorded there into the audit log.
  dynamic "statement" {
    for_each = contains(keys(var.stores.tables), "audit") ? [1] : []
    content {
      sid       = "PolicyChanges"
      actions   = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [var.stores.tables["audit"].arn]
    }
  }

  statement {
    sid       = "PolicySnapshot"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${var.stores.snapshot_bucket.arn}/*"]
  }

  # Tells a snapshot that does not exist yet from one that may not be read.
  statement {
    sid       = "PolicySnapshotList"
    actions   = ["s3:ListBucket"]
    resources = [var.stores.snapshot_bucket.arn]
  }

  statement {
    sid       = "LedgerKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.stores.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${var.context.region}.amazonaws.com", "s3.${var.context.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "AuditRecords"
    actions   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    resources = [var.stores.audit_stream.arn]
  }

  statement {
    sid       = "BudgetNotifications"
    actions   = ["sns:Publish"]
    resources = [var.stores.notifications_topic_arn]
  }

  statement {
    sid       = "NotificationKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.logs.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${var.context.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Metrics"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.log_group_prefix}${var.logs.group_names["collector"]}:*"]
  }

  statement {
    sid = "Traces"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingStatisticSummaries",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"] # X-Ray knows no resource for these
  }

  statement {
    sid       = "BedrockSession"
    actions   = ["sts:AssumeRole"]
    resources = [local.bedrock_role_arn]
  }
}

# The providers' keys.
data "aws_iam_policy_document" "providers" {
  count = length(var.providers_access.secrets) > 0 ? 1 : 0

  statement {
    sid       = "ProviderKeys"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    resources = [for id in var.providers_access.secrets : "${local.secret_prefix}${var.context.name}/providers/${id}-??????"]
  }

  statement {
    sid       = "ProviderKeysKey"
    actions   = ["kms:Decrypt"]
    resources = [module.key.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.context.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = "${var.context.name}-task"
  assume_role_policy = data.aws_iam_policy_document.tasks_assume.json
}

resource "aws_iam_role_policy" "task" {
  name   = "run-the-gateway"
  policy = data.aws_iam_policy_document.task.json
  role   = aws_iam_role.task.id
}

resource "aws_iam_role_policy" "providers" {
  count = length(var.providers_access.secrets) > 0 ? 1 : 0

  name   = "reach-providers"
  policy = data.aws_iam_policy_document.providers[0].json
  role   = aws_iam_role.task.id
}
