locals {
  # The emulated AWS has no guardrails.
  guardrails = var.context.emulated ? {} : var.guardrails
}

resource "aws_bedrock_guardrail" "this" {
  for_each = local.guardrails

  name                      = "${var.context.name}-${each.key}"
  description               = "Guardrail ${each.key} of ${var.context.name}."
  blocked_input_messaging   = each.value.blocked_message
  blocked_outputs_messaging = each.value.blocked_message
  kms_key_arn               = module.key[0].arn

  dynamic "content_policy_config" {
    for_each = length(each.value.content_filters) > 0 ? [each.value.content_filters] : []
    content {
      dynamic "filters_config" {
        for_each = content_policy_config.value
        content {
          input_strength  = filters_config.value
          output_strength = filters_config.key == "PROMPT_ATTACK" ? "NONE" : filters_config.value # Bedrock takes no other
          type            = filters_config.key
        }
      }
    }
  }

  dynamic "sensitive_information_policy_config" {
    for_each = length(each.value.pii) > 0 ? [each.value.pii] : []
    content {
      dynamic "pii_entities_config" {
        for_each = sensitive_information_policy_config.value
        content {
          action = pii_entities_config.value
          type   = pii_entities_config.key
        }
      }
    }
  }

  dynamic "topic_policy_config" {
    for_each = length(each.value.denied_topics) > 0 ? [each.value.denied_topics] : []
    content {
      dynamic "topics_config" {
        for_each = topic_policy_config.value
        content {
          definition = topics_config.value.definition
          examples   = topics_config.value.examples
          name       = topics_config.key
          type       = "DENY"
        }
      }
    }
  }

  dynamic "word_policy_config" {
    for_each = length(each.value.blocked_words) > 0 ? [each.value.blocked_words] : []
    content {
      dynamic "words_config" {
        for_each = word_policy_config.value
        content {
          text = words_config.value
        }
      }
    }
  }
}

# Rules name a version, so that an edit of the guardrail changes nothing until somebody says so.
resource "aws_bedrock_guardrail_version" "this" {
  for_each = local.guardrails

  description   = "Published by Terraform: ${sha256(jsonencode(each.value))}"
  guardrail_arn = aws_bedrock_guardrail.this[each.key].guardrail_arn
  skip_destroy  = true
}
