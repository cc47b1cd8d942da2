data "aws_iam_policy_document" "models" {
  count = length(var.bedrock_model_arns) > 0 ? 1 : 0

  statement {
    sid       = "FallbackModels"
    actions   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    resources = var.bedrock_model_arns
  }
}

resource "aws_iam_role_policy" "models" {
  count = length(var.bedrock_model_arns) > 0 ? 1 : 0

  name   = "call-fallback-models"
  policy = data.aws_iam_policy_document.models[0].json
  role   = var.bedrock_role_name
}
