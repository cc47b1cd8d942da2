module "web_acl" {
  source = "../web_acl"

  context      = var.context
  description  = "In front of the gateway's load balancer."
  logs         = var.logs
  purpose      = "gateway"
  rate_limit   = var.waf_rate_limit
  resource_arn = aws_lb.this.arn
}
