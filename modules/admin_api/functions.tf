locals {
  settings = {
    audit_stream = var.stores.audit_stream.name
    deployment   = var.context.name
    scope_prefix = var.identity.scope_prefix
    snapshot     = { bucket = var.stores.snapshot_bucket.name, key = "current.json" }
    tables       = { for key, table in var.stores.tables : key => table.name }
    user_pool_id = var.identity.user_pool_id
  }
  environment = {
    GWCTL_ADMIN_SETTINGS = jsonencode(local.settings)
    GWCTL_PROVIDERS      = jsonencode([for provider in var.providers_known : { for key, value in provider : key => value if value != null }])
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = var.functions

  name              = "/${var.context.name}/admin/${each.key}"
  kms_key_id        = var.logs.kms_key_arn
  retention_in_days = var.logs.retention_days
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_116:Called synchronously: the caller gets the error
  # checkov:skip=CKV_AWS_117:Reaches only DynamoDB, S3, Firehose and Cognito, by TLS and its role; it has no business in the VPC
  # checkov:skip=CKV_AWS_272:The zip is built deterministically and its hash is in the plan
  for_each = var.functions

  function_name = "${local.api_name}-${each.key}"
  description   = "The admin API's /${each.key}."

  architectures                  = ["arm64"]
  filename                       = each.value.zip
  handler                        = coalesce(each.value.handler, "gwctl.admin.api.operations.on_${each.key}")
  kms_key_arn                    = var.stores.kms_key_arn
  memory_size                    = each.value.memory_mb
  reserved_concurrent_executions = each.value.concurrency
  role                           = aws_iam_role.function[each.key].arn
  runtime                        = "python3.13"
  source_code_hash               = filebase64sha256(each.value.zip)
  timeout                        = each.value.timeout_seconds

  environment {
    variables = local.environment
  }

  # The emulated AWS forgets it, and every plan would want to set it again.
  dynamic "logging_config" {
    for_each = var.context.emulated ? [] : [aws_cloudwatch_log_group.function[each.key].name]
    content {
      log_format = "JSON"
      log_group  = logging_config.value
    }
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_permission" "api" {
  for_each = var.functions

  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this[each.key].function_name
  principal      = "apigateway.amazonaws.com"
  source_account = var.context.account_id
  source_arn     = "${aws_api_gateway_rest_api.admin.execution_arn}/*/*/${each.key}*"
  statement_id   = "AdminApi"
}
