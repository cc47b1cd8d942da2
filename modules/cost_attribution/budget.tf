# AWS's own bill for this deployment. What teams spend at providers is the ledger's business, to the token.
resource "aws_budgets_budget" "monthly" {
  name         = "${var.context.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.budget.monthly_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:%s$%s", var.cost_tag.key, var.cost_tag.value)]
  }

  dynamic "notification" {
    for_each = concat(
      [for percent in var.budget.alert_percents : { percent = percent, type = "ACTUAL" }],
      [{ percent = 100, type = "FORECASTED" }],
    )
    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.value.type
      subscriber_sns_topic_arns = [var.topic_arn]
      threshold                 = notification.value.percent
      threshold_type            = "PERCENTAGE"
    }
  }
}
