# The emulated AWS knows neither X-Ray groups nor sampling rules.
resource "aws_xray_group" "gateway" {
  count = var.context.emulated ? 0 : 1

  group_name        = var.context.name
  filter_expression = "annotation.deployment = \"${var.context.name}\""

  insights_configuration {
    insights_enabled      = true
    notifications_enabled = false
  }
}

resource "aws_xray_sampling_rule" "gateway" {
  count = var.context.emulated ? 0 : 1

  rule_name      = var.context.name
  priority       = 1000
  version        = 1
  reservoir_size = 1
  fixed_rate     = var.trace_share
  service_name   = "${var.context.name}*"
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  resource_arn   = "*"
  url_path       = "*"
}
