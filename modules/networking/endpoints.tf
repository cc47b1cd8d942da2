locals {
  service_prefix = "com.amazonaws.${var.context.region}"

  # What may be done through each endpoint. Who: principals of this account. The admin API is the exception: its
  # callers carry a Cognito token and are nobody to IAM, so only the APIs are limited to this account.
  ecr_pull = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
  ]
  endpoint_actions = {
    "bedrock-runtime"  = ["bedrock:ApplyGuardrail", "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    "ecr.api"          = local.ecr_pull
    "ecr.dkr"          = local.ecr_pull
    "execute-api"      = ["execute-api:Invoke"]
    "kinesis-firehose" = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    "logs"             = ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    "secretsmanager"   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    "sns"              = ["sns:Publish"]
    "sts"              = ["sts:AssumeRole"]
    "xray" = [
      "xray:GetSamplingRules",
      "xray:GetSamplingStatisticSummaries",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
  }
  interface_endpoints = setunion(
    ["ecr.api", "ecr.dkr", "kinesis-firehose", "logs", "secretsmanager", "sns", "sts", "xray"],
    var.extra_endpoints,
  )
}

data "aws_iam_policy_document" "interface_endpoint" {
  # checkov:skip=CKV_AWS_283:The condition allows principals of this account only; execute-api is limited to its APIs
  for_each = local.interface_endpoints

  statement {
    sid     = "ThisAccount"
    actions = local.endpoint_actions[each.key]
    resources = [
      each.key != "execute-api" ? "*" : "arn:aws:execute-api:${var.context.region}:${var.context.account_id}:*",
    ]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    dynamic "condition" {
      for_each = each.key == "execute-api" ? [] : [var.context.account_id]
      content {
        test     = "StringEquals"
        variable = "aws:PrincipalAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  policy              = data.aws_iam_policy_document.interface_endpoint[each.key].json
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints.id]
  service_name        = "${local.service_prefix}.${each.key}"
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  vpc_endpoint_type   = "Interface"
  vpc_id              = aws_vpc.this.id

  tags = { Name = "${var.context.name}-${each.key}" }
}

data "aws_iam_policy_document" "s3_endpoint" {
  # checkov:skip=CKV_AWS_283:Limited to buckets of this account, and to reading image layers
  statement {
    sid       = "BucketsOfThisAccount"
    actions   = ["s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [var.context.account_id]
    }
  }

  # ECR keeps the layers of every image in a bucket of its own, in AWS's account.
  statement {
    sid       = "ImageLayers"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::prod-${var.context.region}-starport-layer-bucket/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "dynamodb_endpoint" {
  # checkov:skip=CKV_AWS_283:Limited to the tables of this deployment; what a principal may do there its own policy says
  statement {
    sid = "TablesOfThisDeployment"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [
      for name in ["audit", "ledger", "usage"] :
      "arn:aws:dynamodb:${var.context.region}:${var.context.account_id}:table/${var.context.name}-${name}"
    ]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = {
    dynamodb = data.aws_iam_policy_document.dynamodb_endpoint.json
    s3       = data.aws_iam_policy_document.s3_endpoint.json
  }

  policy            = each.value
  route_table_ids   = [for table in aws_route_table.private : table.id]
  service_name      = "${local.service_prefix}.${each.key}"
  vpc_endpoint_type = "Gateway"
  vpc_id            = aws_vpc.this.id

  tags = { Name = "${var.context.name}-${each.key}" }
}

resource "aws_security_group" "endpoints" {
  name        = "${var.context.name}-endpoints"
  description = "Interface endpoints: TLS from the private subnets, nothing else."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.context.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = merge(
    { for zone, subnets in local.zones : zone => subnets.private_cidr },
    { for cidr in var.endpoint_clients : cidr => cidr },
  )

  cidr_ipv4         = each.value
  description       = "TLS from ${each.key}"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.endpoints.id
  to_port           = 443
}
