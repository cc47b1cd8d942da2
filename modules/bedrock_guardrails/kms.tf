module "key" {
  source = "../key"
  count  = length(local.guardrails) > 0 ? 1 : 0

  context     = var.context
  description = "Bedrock guardrails"
  purpose     = "guardrails"
}
