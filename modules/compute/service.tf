resource "aws_ecs_service" "gateway" {
  name    = "gateway"
  cluster = aws_ecs_cluster.this.arn

  availability_zone_rebalancing      = "ENABLED"
  deployment_maximum_percent         = 200
  deployment_minimum_healthy_percent = 100
  desired_count                      = var.scaling.minimum
  enable_execute_command             = false
  health_check_grace_period_seconds  = 120
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  propagate_tags                     = "SERVICE"
  task_definition                    = aws_ecs_task_definition.gateway.arn
  wait_for_steady_state              = var.wait_for_steady_state

  # Tasks that do not become healthy end the deployment, and the old ones stay.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  deployment_controller {
    type = "ECS"
  }

  load_balancer {
    container_name   = "edge"
    container_port   = local.edge_port
    target_group_arn = var.network.target_group_arn
  }

  network_configuration {
    assign_public_ip = false
    security_groups  = [aws_security_group.tasks.id]
    subnets          = values(var.network.private_subnets)
  }

  lifecycle {
    # Autoscaling owns the number of tasks once the service exists.
    ignore_changes = [desired_count]
  }

  # A task must find its permissions and its way to the load balancer when it starts.
  depends_on = [
    aws_iam_role.bedrock,
    aws_iam_role_policy.bedrock,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.providers,
    aws_iam_role_policy.task,
    aws_vpc_security_group_egress_rule.alb_to_edge,
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_security_group_ingress_rule.edge_from_alb,
  ]
}
