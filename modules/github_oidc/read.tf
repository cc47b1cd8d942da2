# What Terraform reads to compare. No secret's value, no object and no item: those are not settings. Descriptions of
# what is there cannot be limited to a deployment, because most of these calls take no resource.
data "aws_iam_policy_document" "read" {
  # checkov:skip=CKV_AWS_356:Describe and List calls take no resource
  statement {
    sid = "Describe"
    actions = [
      "acm:DescribeCertificate",
      "acm:ListTagsForCertificate",
      "apigateway:GET",
      "application-autoscaling:Describe*",
      "application-autoscaling:ListTagsForResource",
      "athena:GetNamedQuery",
      "athena:GetWorkGroup",
      "athena:ListTagsForResource",
      "backup:Describe*",
      "backup:Get*",
      "backup:List*",
      "bedrock:GetGuardrail",
      "bedrock:ListTagsForResource",
      "budgets:ListTagsForResource",
      "budgets:ViewBudget",
      "ce:GetAnomalyMonitors",
      "ce:GetAnomalySubscriptions",
      "ce:ListCostAllocationTags",
      "ce:ListTagsForResource",
      "cloudformation:Describe*",
      "cloudformation:GetTemplate",
      "cloudwatch:Describe*",
      "cloudwatch:GetDashboard",
      "cloudwatch:ListTagsForResource",
      "cognito-idp:DescribeResourceServer",
      "cognito-idp:DescribeUserPool",
      "cognito-idp:DescribeUserPoolDomain",
      "cognito-idp:GetUserPoolMfaConfig",
      "cognito-idp:ListTagsForResource",
      "dynamodb:Describe*",
      "dynamodb:ListTagsOfResource",
      "ec2:Describe*",
      "ec2:GetSecurityGroupsForVpc",
      "ecr:DescribeRepositories",
      "ecr:GetLifecyclePolicy",
      "ecr:GetRepositoryPolicy",
      "ecr:ListTagsForResource",
      "ecs:Describe*",
      "ecs:List*",
      "elasticloadbalancing:Describe*",
      "firehose:DescribeDeliveryStream",
      "firehose:ListTagsForDeliveryStream",
      "glue:GetDatabase",
      "glue:GetPartitionIndexes",
      "glue:GetTable",
      "glue:GetTags",
      "iam:GetOpenIDConnectProvider",
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListPolicyVersions",
      "iam:ListRolePolicies",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListAliases",
      "kms:ListResourceTags",
      "lambda:Get*",
      "lambda:List*",
      "logs:Describe*",
      "logs:ListTagsForResource",
      "route53:GetHostedZone",
      "route53:ListResourceRecordSets",
      "route53:ListTagsForResource",
      "s3:GetAccelerateConfiguration",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListBucket",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetResourcePolicy",
      "sns:Get*",
      "sns:List*",
      "wafv2:Get*",
      "wafv2:List*",
      "xray:Get*",
      "xray:ListTagsForResource",
    ]
    resources = ["*"]
  }

  # The answer holds the client's secret, so it is for the deployment's own pool.
  statement {
    sid       = "Clients"
    actions   = ["cognito-idp:DescribeUserPoolClient"]
    resources = ["arn:aws:cognito-idp:${local.here}:userpool/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Deployment"
      values   = [var.context.name]
    }
  }

  # Get* of Lambda would also hand out a signed address of the code and the variables of a function of others.
  statement {
    sid           = "OthersFunctions"
    effect        = "Deny"
    actions       = ["lambda:Get*"]
    not_resources = local.functions
  }
}
