# Virtual keys, and tokens in the headers of other providers' clients: the load balancer knows neither, so the edge alone
# decides about them. It verifies every credential anyway, and refuses a request that has none.
locals {
  edge_rules = {
    api-key        = { header = "api-key", values = ["?*"] }
    virtual-key    = { header = "Authorization", values = ["Bearer gwk_*"] }
    x-api-key      = { header = "x-api-key", values = ["?*"] }
    x-goog-api-key = { header = "x-goog-api-key", values = ["?*"] }
  }
}

resource "aws_lb_listener_rule" "edge" {
  for_each = local.edge_rules

  listener_arn = var.jwt_rule.listener_arn
  priority     = var.jwt_rule.priority - length(local.edge_rules) + index(keys(local.edge_rules), each.key)

  action {
    type             = "forward"
    target_group_arn = var.jwt_rule.target_group_arn
  }
  condition {
    path_pattern {
      values = var.jwt_rule.paths
    }
  }
  condition {
    http_header {
      http_header_name = each.value.header
      values           = each.value.values
    }
  }
}
