# The emulated AWS has no Cost Explorer.
resource "aws_ce_anomaly_monitor" "this" {
  count = var.context.emulated ? 0 : 1

  name         = var.context.name
  monitor_type = "CUSTOM"
  monitor_specification = jsonencode({
    And            = null
    CostCategories = null
    Dimensions     = null
    Not            = null
    Or             = null
    Tags = {
      Key          = var.cost_tag.key
      MatchOptions = null
      Values       = [var.cost_tag.value]
    }
  })
}

resource "aws_ce_anomaly_subscription" "this" {
  count = var.context.emulated ? 0 : 1

  name             = var.context.name
  frequency        = "IMMEDIATE"
  monitor_arn_list = [aws_ce_anomaly_monitor.this[0].arn]

  subscriber {
    address = var.topic_arn
    type    = "SNS"
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [tostring(var.anomaly_usd)]
    }
  }
}
