# Whom Portkey is towards Bedrock: it gets a session of this role from the agent, and never the task's own, which can
# write the ledger. Models are allowed here, guardrails and fallback models by their own modules.
locals {
  bedrock_role_name = "${var.context.name}-bedrock"
  bedrock_role_arn  = "arn:aws:iam::${var.context.account_id}:role/${local.bedrock_role_name}"
}

data "aws_iam_policy_document" "bedrock_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.context.account_id}:role/${var.context.name}-task"]
    }
  }
}

data "aws_iam_policy_document" "bedrock" {
  count = length(var.providers_access.bedrock_model_arns) > 0 ? 1 : 0

  statement {
    sid       = "BedrockModels"
    actions   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    resources = var.providers_access.bedrock_model_arns
  }
}

resource "aws_iam_role" "bedrock" {
  name               = local.bedrock_role_name
  assume_role_policy = data.aws_iam_policy_document.bedrock_assume.json

  # IAM refuses to trust a role that is not there.
  depends_on = [aws_iam_role.task]
}

resource "aws_iam_role_policy" "bedrock" {
  count = length(var.providers_access.bedrock_model_arns) > 0 ? 1 : 0

  name   = "call-models"
  policy = data.aws_iam_policy_document.bedrock[0].json
  role   = aws_iam_role.bedrock.id
}
