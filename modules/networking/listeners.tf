resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# Refuses everything. The one rule that lets a request through, with a verified token, is in modules/auth.
resource "aws_lb_listener" "https" {
  certificate_arn   = var.alb.certificate_arn
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.alb.tls_policy

  # The emulated AWS forgets listener attributes, and every plan would want to set them again.
  routing_http_response_server_enabled                         = var.context.emulated ? null : false
  routing_http_response_strict_transport_security_header_value = var.context.emulated ? null : "max-age=31536000; includeSubDomains"

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ error = { code = null, message = "no such path", param = null, type = "not_found_error" } })
      status_code  = "404"
    }
  }
}
