data "aws_iam_policy_document" "apply" {
  count = length(local.guardrails) > 0 ? 1 : 0

  statement {
    sid       = "Guardrails"
    actions   = ["bedrock:ApplyGuardrail"]
    resources = [for guardrail in aws_bedrock_guardrail.this : guardrail.guardrail_arn]
  }

  statement {
    sid       = "GuardrailKey"
    actions   = ["kms:Decrypt"]
    resources = [module.key[0].arn]
  }
}

resource "aws_iam_role_policy" "apply" {
  count = length(local.guardrails) > 0 ? 1 : 0

  name   = "apply-guardrails"
  policy = data.aws_iam_policy_document.apply[0].json
  role   = var.bedrock_role_name
}
