locals {
  # The agent reports in this namespace; modules/compute gives it to the collector.
  namespace = var.context.name

  # Both kinds of 5xx: what the load balancer says itself (no healthy task) and what the tasks answer.
  error_metrics = {
    balancer = "HTTPCode_ELB_5XX_Count"
    requests = "RequestCount"
    tasks    = "HTTPCode_Target_5XX_Count"
  }

  # Each widget: title, metrics in CloudWatch's array form, and how to draw them.
  widgets = [
    {
      title   = "Requests a minute"
      metrics = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancer.arn_suffix]]
      stat    = "Sum"
    },
    {
      title = "Errors a minute"
      metrics = [for metric in ["HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_4XX_Count", "HTTPCode_Target_4XX_Count"] :
        ["AWS/ApplicationELB", metric, "LoadBalancer", var.load_balancer.arn_suffix]
      ]
      stat = "Sum"
    },
    {
      title = "Error rate: 5xx, percent of the requests"
      metrics = concat(
        [[{ expression = "100 * (FILL(balancer, 0) + FILL(tasks, 0)) / requests", id = "share", label = "5xx" }]],
        [for id, metric in local.error_metrics :
          ["AWS/ApplicationELB", metric, "LoadBalancer", var.load_balancer.arn_suffix, { id = id, visible = false }]
        ],
      )
      stat = "Sum"
    },
    {
      title = "Time to the first byte, seconds"
      metrics = [for stat in ["p50", "p95", "p99"] :
        ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer.arn_suffix, { label = stat, stat = stat }]
      ]
      stat = "p95"
    },
    {
      title   = "Requests by provider"
      metrics = [[{ expression = "SEARCH('{\"${local.namespace}\",\"gen_ai.provider.name\"} MetricName=\"gateway.requests\"', 'Sum', 60)", id = "providers" }]]
      stat    = "Sum"
    },
    {
      title = "Spend an hour, US dollars"
      metrics = [
        [{ expression = "spend / 1000000000", id = "dollars", label = "all teams" }],
        [local.namespace, "gateway.spend", { id = "spend", period = 3600, visible = false }],
      ]
      stat = "Sum"
    },
    {
      title   = "Tokens by type"
      metrics = [[{ expression = "SEARCH('{\"${local.namespace}\",\"gen_ai.token.type\"} MetricName=\"gen_ai.client.token.usage\"', 'Sum', 60)", id = "tokens" }]]
      stat    = "Sum"
    },
    {
      title   = "Refusals by code"
      metrics = [[{ expression = "SEARCH('{\"${local.namespace}\",\"code\"} MetricName=\"gateway.refusals\"', 'Sum', 60)", id = "refusals" }]]
      stat    = "Sum"
    },
    {
      title = "Age of the policy and lag of the ledger, seconds"
      metrics = [
        [local.namespace, "gateway.policy.age"],
        [local.namespace, "gateway.metering.lag"],
      ]
      stat = "Maximum"
    },
  ]
}

resource "aws_cloudwatch_dashboard" "gateway" {
  dashboard_name = var.context.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in local.widgets : {
      height = 6
      type   = "metric"
      width  = 12
      x      = index % 2 * 12
      y      = floor(index / 2) * 6
      properties = {
        metrics = widget.metrics
        period  = 60
        region  = var.context.region
        stat    = widget.stat
        title   = widget.title
        view    = "timeSeries"
      }
    }]
  })
}
