locals {
  ingress_cidrs = coalesce(var.alb.ingress_cidrs, var.alb.internal ? [var.cidr] : ["0.0.0.0/0"])
}

resource "aws_security_group" "alb" {
  name        = "${var.context.name}-alb"
  description = "Load balancer: HTTPS, and HTTP that is redirected. The rule towards the tasks is in modules/compute."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.context.name}-alb" }
}

resource "aws_vpc_security_group_ingress_rule" "alb" {
  for_each = {
    for pair in setproduct([80, 443], local.ingress_cidrs) : "${pair[0]}-${pair[1]}" => { port = pair[0], cidr = pair[1] }
  }

  cidr_ipv4         = each.value.cidr
  description       = each.value.port == 443 ? "HTTPS from clients" : "HTTP from clients, answered with a redirect"
  from_port         = each.value.port
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.alb.id
  to_port           = each.value.port
}

# The load balancer itself fetches the issuer's public keys, whose addresses nobody publishes. Without a way to them it
# answers every request with 562 (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html).
resource "aws_vpc_security_group_egress_rule" "jwks" {
  cidr_ipv4         = "0.0.0.0/0"
  description       = "To the issuer's public keys, over TLS"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.alb.id
  to_port           = 443
}

resource "aws_lb" "this" {
  name = var.context.name

  desync_mitigation_mode     = "defensive"
  drop_invalid_header_fields = true
  enable_deletion_protection = var.alb.deletion_protection
  enable_http2               = true
  idle_timeout               = var.alb.idle_timeout_seconds
  internal                   = var.alb.internal
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.alb.id]
  subnets                    = [for subnet in(var.alb.internal ? aws_subnet.private : aws_subnet.public) : subnet.id]
  xff_header_processing_mode = "append"

  access_logs {
    bucket  = var.access_logs_bucket
    enabled = true
    prefix  = "alb"
  }

  # AWS makes no load balancer with public addresses in a VPC without a way to the internet.
  depends_on = [aws_internet_gateway.this]
}

resource "aws_lb_target_group" "gateway" {
  # checkov:skip=CKV_AWS_378:Inside the VPC, from the load balancer to the edge alone; the edge verifies the token again
  name = "${var.context.name}-gateway"

  # Draining begins before the task is told to stop: a stream has this long to finish.
  deregistration_delay          = var.alb.drain_seconds
  load_balancing_algorithm_type = "least_outstanding_requests"
  port                          = 8080
  protocol                      = "HTTP"
  target_type                   = "ip"
  vpc_id                        = aws_vpc.this.id

  health_check {
    healthy_threshold   = 2
    interval            = 10
    matcher             = "200"
    path                = "/healthz"
    timeout             = 5
    unhealthy_threshold = 3
  }
}
