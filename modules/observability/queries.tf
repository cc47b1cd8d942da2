# The fields are those of the line that the edge writes for each request (gwctl.edge.envoy.usage_log.request_format);
# tests/gateway/edge/test_request_log.py compares the two.
locals {
  queries = {
    errors = {
      groups = ["edge"]
      query  = <<-EOT
        fields @timestamp, id, gw.decision.team as team, client, gw.decision.request.model as model, served.provider as provider, status, flags, details
        | filter status >= 500 or status = 0
        | sort @timestamp desc
        | limit 200
      EOT
    }
    policy-rejections = {
      groups = ["agent", "edge"]
      query  = <<-EOT
        fields @timestamp, @message
        | filter @message like /(?i)reject/
        | sort @timestamp desc
        | limit 100
      EOT
    }
    refusals = {
      groups = ["edge"]
      query  = <<-EOT
        filter ispresent(gw.refusal)
        | stats count(*) as refused by gw.refusal, gw.decision.team, client, gw.decision.request.model
        | sort refused desc
      EOT
    }
    requests-by-team-and-model = {
      groups = ["edge"]
      query  = <<-EOT
        filter ispresent(gw.decision.team)
        | stats count(*) as requests, avg(duration_ms) as mean_ms, pct(first_byte_ms, 95) as first_byte_p95_ms by gw.decision.team, gw.decision.request.model, served.provider
        | sort requests desc
      EOT
    }
    slowest-requests = {
      groups = ["edge"]
      query  = <<-EOT
        fields @timestamp, id, gw.decision.team as team, gw.decision.request.model as model, served.provider as provider, served.attempts as attempts, first_byte_ms, duration_ms
        | sort first_byte_ms desc
        | limit 50
      EOT
    }
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.context.name}/${each.key}"
  log_group_names = [for group in each.value.groups : aws_cloudwatch_log_group.this[group].name]
  query_string    = each.value.query
}
