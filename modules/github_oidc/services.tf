# The services that a deployment is made of, by how its parts can be told from others: by name, by tag, or not before
# they are there.
locals {
  here = "${var.context.region}:${var.context.account_id}"
  own  = "arn:aws:iam::${var.context.account_id}:role/${var.context.name}"

  # Each by its whole name: what begins with gwctl-dev- may be of a deployment gwctl-dev-2. No environment's name has
  # -admin in it, so functions and their roles need no list: IAM stores no more than fits here.
  alarms    = ["budget-refusals", "errors", "fallbacks", "gateway", "latency", "metering-lag", "policy-staleness"]
  functions = ["arn:aws:lambda:${local.here}:function:${var.context.name}-admin-*"]
  passed    = [for name in ["admin-*", "audit-delivery", "backup", "task", "task-start", "vpc-flow"] : "${local.own}-${name}"]

  kinds = [
    for kind in ["acm:${local.here}:certificate", "cognito-idp:${local.here}:userpool", "kms:${local.here}:key"] :
    "arn:aws:${kind}/*"
  ]

  # tests/plan/test_github_oidc.py compares with the plan of a whole deployment, and with one whose name begins alike.
  named = {
    "athena:*"         = ["arn:aws:athena:${local.here}:workgroup/${var.context.name}-audit"]
    "backup:*"         = ["arn:aws:backup:${local.here}:backup-vault:${var.context.name}"]
    "cloudformation:*" = ["arn:aws:cloudformation:${local.here}:stack/${var.context.name}-jwt-rule/*"]
    "cloudwatch:*" = concat(
      [for name in local.alarms : "arn:aws:cloudwatch:${local.here}:alarm:${var.context.name}-${name}"],
      ["arn:aws:cloudwatch::${var.context.account_id}:dashboard/${var.context.name}"],
    )
    "dynamodb:*" = [
      for name in ["audit", "documents", "ledger", "usage"] :
      "arn:aws:dynamodb:${local.here}:table/${var.context.name}-${name}"
    ]
    "ecr:*" = ["arn:aws:ecr:${local.here}:repository/${var.context.name}/*"]
    "ecs:*" = [
      for kind in ["cluster/${var.context.name}", "service/${var.context.name}/*", "task-definition/${var.context.name}:*", "task/${var.context.name}/*"] :
      "arn:aws:ecs:${local.here}:${kind}"
    ]
    "elasticloadbalancing:*" = [
      for kind in ["listener/app/${var.context.name}", "listener-rule/app/${var.context.name}", "loadbalancer/app/${var.context.name}", "targetgroup/${var.context.name}-gateway"] :
      "arn:aws:elasticloadbalancing:${local.here}:${kind}/*"
    ]
    "firehose:*" = ["arn:aws:firehose:${local.here}:deliverystream/${var.context.name}-audit"]
    "glue:*" = [
      for kind in ["catalog", "database/${replace(var.context.name, "-", "_")}", "table/${replace(var.context.name, "-", "_")}/*"] :
      "arn:aws:glue:${local.here}:${kind}"
    ]
    "kms:*Alias" = ["arn:aws:kms:${local.here}:alias/${var.context.name}/*"]
    "lambda:*"   = local.functions
    "logs:*" = [
      for group in ["/${var.context.name}/*", "/aws/ecs/containerinsights/${var.context.name}/*", "aws-waf-logs-${var.context.name}-admin*", "aws-waf-logs-${var.context.name}-gateway*"] :
      "arn:aws:logs:${local.here}:log-group:${group}"
    ]
    "s3:*" = [
      for name in ["access-logs", "athena", "audit", "policy"] :
      "arn:aws:s3:::${var.context.name}-${name}-${var.context.account_id}-${var.context.region}*"
    ]
    "secretsmanager:*" = ["arn:aws:secretsmanager:${local.here}:secret:${var.context.name}/*"]
    "sns:*"            = ["arn:aws:sns:${local.here}:${var.context.name}-notifications"]
  }

  # Their ids are AWS's; the provider tags each with the deployment as it makes it. Nobody can tag away another
  # deployment's tag, for that call asks for the tag too.
  tagging = ["acm:AddTagsToCertificate", "cognito-idp:TagResource", "kms:TagResource"]
  tagged = [
    "acm:DeleteCertificate",
    "acm:RemoveTagsFromCertificate",
    "cognito-idp:CreateResourceServer",
    "cognito-idp:CreateUserPoolClient",
    "cognito-idp:CreateUserPoolDomain",
    "cognito-idp:DeleteResourceServer",
    "cognito-idp:DeleteUserPool",
    "cognito-idp:DeleteUserPoolClient",
    "cognito-idp:DeleteUserPoolDomain",
    "cognito-idp:SetUserPoolMfaConfig",
    "cognito-idp:UntagResource",
    "cognito-idp:UpdateResourceServer",
    "cognito-idp:UpdateUserPool",
    "cognito-idp:UpdateUserPoolClient",
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:EnableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
  ]

  # Each of these either makes something whose name AWS chooses, or is for something with such a name that AWS cannot
  # tell by a tag in every call.
  unnamed = [
    "acm:RequestCertificate",
    "apigateway:AddCertificateToDomain",
    "apigateway:DELETE",
    "apigateway:PATCH",
    "apigateway:POST",
    "apigateway:PUT",
    "apigateway:RemoveCertificateFromDomain",
    "apigateway:SetWebACL",
    "apigateway:UpdateRestApiPolicy",
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:TagResource",
    "application-autoscaling:UntagResource",
    "backup-storage:MountCapsule",
    "backup:CreateBackupPlan",
    "backup:CreateBackupSelection",
    "backup:DeleteBackupPlan",
    "backup:DeleteBackupSelection",
    "backup:TagResource",
    "backup:UntagResource",
    "backup:UpdateBackupPlan",
    "bedrock:CreateGuardrail",
    "bedrock:CreateGuardrailVersion",
    "bedrock:DeleteGuardrail",
    "bedrock:TagResource",
    "bedrock:UntagResource",
    "bedrock:UpdateGuardrail",
    "cognito-idp:CreateUserPool",
    "ec2:AllocateAddress",
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateFlowLogs",
    "ec2:CreateInternetGateway",
    "ec2:CreateNatGateway",
    "ec2:CreateRoute",
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
    "ec2:CreateTags",
    "ec2:CreateVpc",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteNatGateway",
    "ec2:DeleteRoute",
    "ec2:DeleteRouteTable",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteTags",
    "ec2:DeleteVpc",
    "ec2:DeleteVpcEndpoints",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateAddress",
    "ec2:DisassociateRouteTable",
    "ec2:ModifySecurityGroupRules",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcEndpoint",
    "ec2:ReleaseAddress",
    "ec2:ReplaceRoute",
    "ec2:ReplaceRouteTableAssociation",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    "ecs:CreateCluster",
    "ecs:DeregisterTaskDefinition",
    "ecs:RegisterTaskDefinition",
    "kms:CreateKey",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DeleteQueryDefinition",
    "logs:PutQueryDefinition",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "wafv2:AssociateWebACL",
    "wafv2:CreateWebACL",
    "wafv2:DeleteLoggingConfiguration",
    "wafv2:DeleteWebACL",
    "wafv2:DisassociateWebACL",
    "wafv2:PutLoggingConfiguration",
    "wafv2:TagResource",
    "wafv2:UntagResource",
    "wafv2:UpdateWebACL",
    "xray:CreateGroup",
    "xray:CreateSamplingRule",
    "xray:DeleteGroup",
    "xray:DeleteSamplingRule",
    "xray:TagResource",
    "xray:UntagResource",
    "xray:UpdateGroup",
    "xray:UpdateSamplingRule",
  ]
}
