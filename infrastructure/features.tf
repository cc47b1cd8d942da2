# Opt-in features. Each is off until its variable says otherwise. The fourth, further clients, is in auth.tf.
module "bedrock_guardrails" {
  source = "../modules/bedrock_guardrails"
  count  = length(var.bedrock_guardrails) > 0 ? 1 : 0

  bedrock_role_name = module.compute.bedrock_role_name
  context           = local.context
  guardrails        = var.bedrock_guardrails
}

module "cost_attribution" {
  source = "../modules/cost_attribution"
  count  = var.cost_attribution == null ? 0 : 1

  activate_tags = var.cost_attribution.activate_tags
  anomaly_usd   = var.cost_attribution.anomaly_usd
  budget        = var.cost_attribution.budget
  context       = local.context
  cost_tag      = local.cost_tag
  topic_arn     = module.observability.notifications_topic_arn
}

module "fallback_routing" {
  source = "../modules/fallback_routing"
  count  = var.fallback_routing == null ? 0 : 1

  alarm = {
    metrics_namespace = module.observability.metrics_namespace
    per_minute        = var.fallback_routing.alarm_per_minute
    topic_arn         = module.observability.notifications_topic_arn
  }
  bedrock_model_arns = var.fallback_routing.bedrock_model_arns
  bedrock_role_name  = module.compute.bedrock_role_name
  context            = local.context
  routes             = var.fallback_routing.routes
}
