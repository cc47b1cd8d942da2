resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["agent", "collector", "edge", "gateway"])

  name              = "/${var.context.name}/${each.key}"
  kms_key_id        = module.key.arn
  retention_in_days = var.retention_days
}
