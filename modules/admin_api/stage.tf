resource "aws_api_gateway_deployment" "admin" {
  rest_api_id = aws_api_gateway_rest_api.admin.id

  # A deployment is a copy of the API at one moment: a new one for each change of the document, which has the policy.
  triggers = {
    content = sha256(local.body)
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_api_gateway_rest_api_policy.admin]
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/${var.context.name}/admin/access"
  kms_key_id        = var.logs.kms_key_arn
  retention_in_days = var.logs.retention_days
}

resource "aws_api_gateway_stage" "admin" {
  # checkov:skip=CKV_AWS_120:A cached answer would show a policy that is no longer in force
  # checkov:skip=CKV2_AWS_4:Execution logs would hold bodies, and with them client secrets; access logs are kept
  # checkov:skip=CKV2_AWS_29:The firewall is attached by modules/web_acl
  # checkov:skip=CKV2_AWS_51:Callers are known by Cognito tokens with scopes
  # checkov:skip=CKV2_AWS_77:Log4j rules block in headers, query and path; in bodies they count, see modules/web_acl
  deployment_id        = aws_api_gateway_deployment.admin.id
  rest_api_id          = aws_api_gateway_rest_api.admin.id
  stage_name           = local.stage
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    # The message comes with its quotes: another has quotes inside, and the line would be no JSON.
    format = replace(jsonencode({
      client    = "$context.authorizer.claims.client_id"
      error     = "$context.error.messageString"
      ip        = "$context.identity.sourceIp"
      method    = "$context.httpMethod"
      ms        = "$context.responseLatency"
      path      = "$context.path"
      requestId = "$context.requestId"
      scope     = "$context.authorizer.claims.scope"
      status    = "$context.status"
      time      = "$context.requestTimeEpoch"
      waf       = "$context.waf.status"
    }), "\"$context.error.messageString\"", "$context.error.messageString")
  }
}

resource "aws_api_gateway_method_settings" "all" {
  # checkov:skip=CKV_AWS_225:A cached answer would show a policy that is no longer in force
  rest_api_id = aws_api_gateway_rest_api.admin.id
  stage_name  = aws_api_gateway_stage.admin.stage_name
  method_path = "*/*"

  settings {
    caching_enabled        = false
    data_trace_enabled     = false # would write bodies, and with them client secrets, into a log
    logging_level          = "OFF"
    metrics_enabled        = true
    throttling_burst_limit = var.throttle.burst
    throttling_rate_limit  = var.throttle.requests_per_second
  }
}

module "web_acl" {
  source = "../web_acl"

  context      = var.context
  description  = "In front of the admin API."
  logs         = var.logs
  purpose      = "admin"
  rate_limit   = var.throttle.requests_per_address
  resource_arn = aws_api_gateway_stage.admin.arn
}
