locals {
  api_name = "${var.context.name}-admin"
  private  = var.endpoint.private_endpoint_id != null
  limited  = local.private || length(var.endpoint.allowed_cidrs) > 0
  stage    = "v1"
}

resource "aws_api_gateway_rest_api" "admin" {
  name        = local.api_name
  description = "Teams, budgets, routes, rules, prices and usage of ${var.context.name}."
  body        = local.body

  # With a host name of its own the API answers only there, where TLS 1.2 is the least.
  disable_execute_api_endpoint = var.domain != null
  put_rest_api_mode            = "overwrite"

  endpoint_configuration {
    types            = [local.private ? "PRIVATE" : "REGIONAL"]
    vpc_endpoint_ids = local.private ? [var.endpoint.private_endpoint_id.value] : null
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(setsubtract(local.operations[*].function, keys(var.functions))) == 0
      error_message = "The OpenAPI document has paths without a function: ${join(", ", setsubtract(local.operations[*].function, keys(var.functions)))}. Add them to functions, or regenerate the document."
    }
    precondition {
      condition     = length(setsubtract(keys(var.functions), local.operations[*].function)) == 0
      error_message = "functions has entries that no path of the OpenAPI document reaches: ${join(", ", setsubtract(keys(var.functions), local.operations[*].function))}. Remove them, or regenerate the document."
    }
    precondition {
      condition     = alltrue([for operation in local.operations : length(operation.scopes) > 0])
      error_message = "Methods without a scope, open to every client of the pool: ${join(", ", [for operation in local.operations : "${upper(operation.method)} ${operation.path}" if length(operation.scopes) == 0])}. Give each a security requirement that names one."
    }
  }
}

# Who may even reach the methods, before a token is looked at. Without a policy everybody may. The document carries it,
# because a new body replaces the whole API: from provider 6.48 on a policy that is only beside the API is gone after the
# next change of the body (https://github.com/hashicorp/terraform-provider-aws/issues/49672). Until then a change of the
# body alone leaves the old policy in force (issue 38515), so it stands here too.
resource "aws_api_gateway_rest_api_policy" "admin" {
  count = local.limited ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.admin.id
  policy      = jsonencode(merge(local.api_policy, { Statement = [for each in local.api_policy.Statement : merge(each, { Resource = "${aws_api_gateway_rest_api.admin.execution_arn}/*" })] }))
}
