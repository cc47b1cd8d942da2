# Container Insights would make this group itself, unencrypted and without an end.
resource "aws_cloudwatch_log_group" "insights" {
  name              = "/aws/ecs/containerinsights/${var.context.name}/performance"
  kms_key_id        = var.logs.kms_key_arn
  retention_in_days = var.logs.retention_days
}

resource "aws_ecs_cluster" "this" {
  name = var.context.name

  configuration {
    managed_storage_configuration {
      fargate_ephemeral_storage_kms_key_id = module.key.arn
    }
  }

  setting {
    name  = "containerInsights"
    value = "enhanced"
  }

  depends_on = [aws_cloudwatch_log_group.insights]
}
