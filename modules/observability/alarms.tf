locals {
  load_balancer = { LoadBalancer = var.load_balancer.arn_suffix }
  target_group  = merge(local.load_balancer, { TargetGroup = var.load_balancer.target_group_arn_suffix })

  # Alarms on one metric each. Silence is an alarm for the two that only a living agent reports.
  alarms = {
    budget-refusals = {
      description = "Many requests were refused because a budget is used up. Who: saved query `refusals`."
      dimensions  = { "code" = "insufficient_quota" }
      evaluations = 1
      metric      = "gateway.refusals"
      namespace   = local.namespace
      period      = 300
      silence     = "notBreaching"
      statistic   = "Sum"
      threshold   = var.alarms.budget_refusals
    }
    latency = {
      description = "The slowest twentieth of the answers takes too long to begin. Compare providers on the dashboard."
      dimensions  = local.target_group
      evaluations = 5
      metric      = "TargetResponseTime"
      namespace   = "AWS/ApplicationELB"
      period      = 60
      silence     = "notBreaching"
      statistic   = "p95"
      threshold   = var.alarms.latency_p95_seconds
    }
    metering-lag = {
      description = "Answers were delivered whose cost has not reached the ledger. The agent's log says why."
      dimensions  = {}
      evaluations = 3
      metric      = "gateway.metering.lag"
      namespace   = local.namespace
      period      = 60
      silence     = "breaching"
      statistic   = "Maximum"
      threshold   = var.alarms.metering_lag_seconds
    }
    policy-staleness = {
      description = "A task works with an old policy: changes of budgets and teams do not reach it. The agent's log says why."
      dimensions  = {}
      evaluations = 3
      metric      = "gateway.policy.age"
      namespace   = local.namespace
      period      = 60
      silence     = "breaching"
      statistic   = "Maximum"
      threshold   = var.alarms.policy_age_seconds
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.context.name}-${each.key}"
  alarm_description   = each.value.description
  alarm_actions       = [aws_sns_topic.notifications.arn]
  ok_actions          = [aws_sns_topic.notifications.arn]
  comparison_operator = "GreaterThanThreshold"
  dimensions          = each.value.dimensions
  evaluation_periods  = each.value.evaluations
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  period              = each.value.period
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  threshold           = each.value.threshold
  treat_missing_data  = each.value.silence
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.context.name}-errors"
  alarm_description   = "Too large a share of the requests ends in a 5xx. Load balancer's own: is a task healthy? Tasks': saved query `errors`."
  alarm_actions       = [aws_sns_topic.notifications.arn]
  ok_actions          = [aws_sns_topic.notifications.arn]
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  evaluation_periods  = 5
  threshold           = var.alarms.error_percent
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    expression  = "IF(requests > ${var.alarms.error_minimum_requests}, 100 * (FILL(balancer, 0) + FILL(tasks, 0)) / requests, 0)"
    label       = "5xx, percent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.error_metrics
    content {
      id = metric_query.key

      metric {
        dimensions  = local.load_balancer
        metric_name = metric_query.value
        namespace   = "AWS/ApplicationELB"
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

# One thing to page on. The emulated AWS has no composite alarms.
resource "aws_cloudwatch_composite_alarm" "gateway" {
  count = var.context.emulated ? 0 : 1

  alarm_name        = "${var.context.name}-gateway"
  alarm_description = "The gateway fails, is slow, or does not count what it spends."
  alarm_actions     = [aws_sns_topic.notifications.arn]
  alarm_rule = join(" OR ", [for name in sort([
    aws_cloudwatch_metric_alarm.errors.alarm_name,
    aws_cloudwatch_metric_alarm.this["latency"].alarm_name,
    aws_cloudwatch_metric_alarm.this["metering-lag"].alarm_name,
    aws_cloudwatch_metric_alarm.this["policy-staleness"].alarm_name,
  ]) : "ALARM(\"${name}\")"])
}
