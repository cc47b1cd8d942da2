# The provider's own jwt-validation action exists only from 6.22 on. CloudFormation knows it, so this one rule
# works the same with 5.100 and with 6.x. The template is checked by cfn-lint against AWS's schema.
resource "aws_cloudformation_stack" "jwt_rule" {
  # checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports its events
  name          = "${var.context.name}-jwt-rule"
  on_failure    = "DELETE"
  template_body = file("${path.module}/templates/jwt-rule.yaml")

  parameters = {
    Issuer         = local.issuer
    JwksEndpoint   = local.jwks_url
    ListenerArn    = var.jwt_rule.listener_arn
    Paths          = join(",", var.jwt_rule.paths)
    Priority       = var.jwt_rule.priority
    Scopes         = join(",", [for scope in var.jwt_rule.scopes : "${var.resource_server.identifier}/${scope}"])
    TargetGroupArn = var.jwt_rule.target_group_arn
  }
}
