# Empty on purpose: a provider's key is put in with `aws secretsmanager put-secret-value`, never through Terraform,
# whose state would keep it. The value is a JSON object of the provider's secret fields, {"api_key": "…"}.
resource "aws_secretsmanager_secret" "provider" {
  # checkov:skip=CKV2_AWS_57:A third party issues the key; a new value is picked up without a deployment
  for_each = var.providers_access.secrets

  name                    = "${var.context.name}/providers/${each.key}"
  description             = "Credentials of the provider ${each.key}, read by the agent."
  kms_key_id              = module.key.arn
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}
