locals {
  roles = "arn:${var.context.partition}:iam::${var.context.account_id}:role/${var.context.name}-"
}

# What apply may change: the services that the modules use, in one region, and IAM roles by the deployment's prefix.
# Whoever may apply can give such a role more than this role has; the approval of the GitHub environment stands before
# it, and an organisation's own guard rails (service control policies) behind it.
data "aws_iam_policy_document" "change" {
  # checkov:skip=CKV_AWS_109:Reaches roles of the deployment only, and neither of these two
  # checkov:skip=CKV_AWS_111:Most services name a resource only after it was made; limited to one region
  # checkov:skip=CKV_AWS_356:Most services name a resource only after it was made; limited to one region
  # checkov:skip=CKV_GW_4:What a deployment is made of cannot be named before; its records and its own roles are denied below
  statement {
    sid = "Services"
    actions = [
      "acm:*",
      "apigateway:*",
      "application-autoscaling:*",
      "athena:*",
      "bedrock:*Guardrail*",
      "bedrock:TagResource",
      "bedrock:UntagResource",
      "cloudformation:*",
      "cloudwatch:*",
      "cognito-idp:*",
      "dynamodb:*",
      "ec2:*",
      "ecr:*",
      "ecs:*",
      "elasticloadbalancing:*",
      "firehose:*",
      "glue:*",
      "kms:*",
      "lambda:*",
      "logs:*",
      "s3:*",
      "secretsmanager:*",
      "sns:*",
      "wafv2:*",
      "xray:*",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.context.region]
    }
  }

  # These are the whole world's, or live in us-east-1.
  statement {
    sid       = "Global"
    actions   = ["budgets:*Budget*", "budgets:TagResource", "ce:*Anomaly*", "ce:UpdateCostAllocationTagsStatus", "route53:ChangeResourceRecordSets", "route53:GetChange"]
    resources = ["*"]
  }

  statement {
    sid = "Roles"
    actions = [
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = ["${local.roles}*"]
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = ["${local.roles}*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "apigateway.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "firehose.amazonaws.com",
        "lambda.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ]
    }
  }

  # Neither role changes what GitHub may do, reads a provider's key, or takes records out of the audit log.
  statement {
    sid       = "OwnRoles"
    effect    = "Deny"
    actions   = ["iam:*"]
    resources = ["${local.roles}github-*"]
  }

  statement {
    sid       = "Records"
    effect    = "Deny"
    actions   = ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion", "secretsmanager:GetSecretValue"]
    resources = ["*"]
  }
}
