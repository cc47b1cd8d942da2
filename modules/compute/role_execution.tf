data "aws_iam_policy_document" "tasks_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:ecs:${var.context.region}:${var.context.account_id}:*"]
    }
  }
}

# What ECS itself needs to start a task: its images and a place for its output. No secrets, no data.
data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "RegistryLogin"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # the action knows no resource
  }

  statement {
    sid       = "Images"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = local.repository_arns
  }

  statement {
    sid       = "Output"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for group in values(var.logs.group_names) : "${local.log_group_prefix}${group}:*"]
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.context.name}-task-start"
  assume_role_policy = data.aws_iam_policy_document.tasks_assume.json
}

resource "aws_iam_role_policy" "execution" {
  name   = "start-tasks"
  policy = data.aws_iam_policy_document.execution.json
  role   = aws_iam_role.execution.id
}
