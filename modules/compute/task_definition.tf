resource "aws_ecs_task_definition" "gateway" {
  family                   = var.context.name
  container_definitions    = jsonencode([local.agent, local.collector, local.edge, local.gateway])
  cpu                      = var.task.cpu
  execution_role_arn       = aws_iam_role.execution.arn
  memory                   = var.task.memory
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  task_role_arn            = aws_iam_role.task.arn

  ephemeral_storage {
    size_in_gib = var.task.disk_gib
  }

  runtime_platform {
    cpu_architecture        = var.task.architecture
    operating_system_family = "LINUX"
  }

  dynamic "volume" {
    for_each = local.directories
    content {
      name = volume.key
    }
  }
}
