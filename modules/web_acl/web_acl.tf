locals {
  name = "${var.context.name}-${var.purpose}"

  # AWS's rule groups with the rules that only count. A body here is a conversation with a model, often about code,
  # or a policy document with patterns in it: it is longer than 8 KB, and it quotes scripts, paths and exploits.
  # Nothing behind the firewall executes or renders it. Rules that look at the body would refuse honest requests.
  managed_rules = {
    AWSManagedRulesAmazonIpReputationList = []
    AWSManagedRulesCommonRuleSet = [
      "CrossSiteScripting_BODY",
      "EC2MetaDataSSRF_BODY",
      "GenericLFI_BODY",
      "GenericRFI_BODY",
      "SizeRestrictions_BODY",
    ]
    AWSManagedRulesKnownBadInputsRuleSet = [
      "JavaDeserializationRCE_BODY",
      "Log4JRCE_BODY",
      "ReactJSRCE_BODY",
    ]
    AWSManagedRulesSQLiRuleSet = [
      "SQLiExtendedPatterns_BODY",
      "SQLi_BODY",
    ]
  }
}

resource "aws_wafv2_web_acl" "this" {
  # checkov:skip=CKV_AWS_192:Log4j rules block in headers, query and path; in bodies, which are conversations about code, they count
  name        = local.name
  description = var.description
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = { for index, name in sort(keys(local.managed_rules)) : name => index + 1 }
    content {
      name     = rule.key
      priority = rule.value

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = "AWS"

          dynamic "rule_action_override" {
            for_each = local.managed_rules[rule.key]
            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = false
      }
    }
  }

  rule {
    name     = "RateLimit"
    priority = 10

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.rate_limit
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "RateLimit"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = local.name
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = var.resource_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}
