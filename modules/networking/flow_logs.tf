resource "aws_cloudwatch_log_group" "flow" {
  name              = "/${var.context.name}/vpc-flow"
  kms_key_id        = var.logs.kms_key_arn
  retention_in_days = var.logs.retention_days
}

data "aws_iam_policy_document" "flow_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [
      "arn:aws:logs:${var.context.region}:${var.context.account_id}:log-group:/${var.context.name}/vpc-flow:*",
    ]
  }
}

resource "aws_iam_role" "flow" {
  name               = "${var.context.name}-vpc-flow"
  assume_role_policy = data.aws_iam_policy_document.flow_assume.json
}

resource "aws_iam_role_policy" "flow" {
  name   = "write-flow-logs"
  policy = data.aws_iam_policy_document.flow.json
  role   = aws_iam_role.flow.id
}

resource "aws_flow_log" "this" {
  iam_role_arn             = aws_iam_role.flow.arn
  log_destination          = aws_cloudwatch_log_group.flow.arn
  log_destination_type     = "cloud-watch-logs"
  max_aggregation_interval = 60
  traffic_type             = "ALL"
  vpc_id                   = aws_vpc.this.id

  tags = { Name = var.context.name }
}
