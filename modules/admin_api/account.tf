# One for each account and region, not for each API. Switch it off where another deployment has set it.
data "aws_iam_policy_document" "account_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "account" {
  statement {
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:PutLogEvents",
    ]
    resources = ["arn:${var.context.partition}:logs:${var.context.region}:${var.context.account_id}:*"]
  }
}

resource "aws_iam_role" "account" {
  count = var.manage_account_role ? 1 : 0

  name               = "${var.context.name}-api-gateway-logs"
  assume_role_policy = data.aws_iam_policy_document.account_assume.json
}

resource "aws_iam_role_policy" "account" {
  count = var.manage_account_role ? 1 : 0

  name   = "write-logs"
  policy = data.aws_iam_policy_document.account.json
  role   = aws_iam_role.account[0].id
}

resource "aws_api_gateway_account" "this" {
  count = var.manage_account_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.account[0].arn

  depends_on = [aws_iam_role_policy.account]
}
