resource "aws_cloudwatch_metric_alarm" "fallbacks" {
  alarm_name          = "${var.context.name}-fallbacks"
  alarm_description   = "Many requests are served by a fallback: the first provider of a route fails. Which: dashboard, requests by provider."
  alarm_actions       = [var.alarm.topic_arn]
  ok_actions          = [var.alarm.topic_arn]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  metric_name         = "gateway.fallbacks"
  namespace           = var.alarm.metrics_namespace
  period              = 60
  statistic           = "Sum"
  threshold           = var.alarm.per_minute
  treat_missing_data  = "notBreaching"
}
