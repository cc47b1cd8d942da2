# The generated document is OpenAPI 3.1 with the models' schemas; API Gateway imports 3.0 and knows only some of
# JSON Schema. So only paths, methods and scopes are taken over: the functions check bodies with the same models.
locals {
  document = try(jsondecode(var.openapi), yamldecode(var.openapi))
  methods  = ["delete", "get", "head", "patch", "post", "put"]

  operations = flatten([
    for path, item in local.document.paths : [
      for method in local.methods : {
        function = split("/", trimprefix(path, "/"))[0]
        method   = method
        path     = path
        scopes = distinct([
          for scope in flatten([for requirement in try(item[method].security, local.document.security, []) : values(requirement)]) :
          strcontains(scope, "/") ? scope : "${var.identity.scope_prefix}/${scope}"
        ])
        summary = try(item[method].summary, "")
      } if can(item[method])
    ]
  ])

  # Known at plan time, so that the document is too.
  function_arns = {
    for name, _ in var.functions :
    name => "arn:aws:lambda:${var.context.region}:${var.context.account_id}:function:${var.context.name}-admin-${name}"
  }
  invocation_prefix = "arn:aws:apigateway:${var.context.region}:lambda:path/2015-03-31/functions"

  # In the document a resource begins with "execute-api:/", which API Gateway completes with the API's own ARN:
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/openapi-extensions-policy.html
  denied = (
    local.private ?
    { Sid = "DenyOtherNetworks", Condition = { StringNotEquals = { "aws:SourceVpce" = try([var.endpoint.private_endpoint_id.value], []) } } } :
    { Sid = "DenyOtherAddresses", Condition = { NotIpAddress = { "aws:SourceIp" = var.endpoint.allowed_cidrs } } }
  )
  api_policy = {
    Version = "2012-10-17"
    Statement = [
      { Sid = "Callers", Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = "execute-api:/*" },
      merge(local.denied, { Effect = "Deny", Principal = "*", Action = "execute-api:Invoke", Resource = "execute-api:/*" }),
    ]
  }

  body = jsonencode(merge(local.limited ? { x-amazon-apigateway-policy = local.api_policy } : {}, {
    openapi = "3.0.1"
    info    = { title = local.api_name, version = try(local.document.info.version, "1") }
    paths = {
      for path in distinct(local.operations[*].path) : path => {
        for operation in local.operations : operation.method => {
          summary = operation.summary
          parameters = [for name in flatten(regexall("\\{([^}+]+)\\}", path)) :
            { name = name, in = "path", required = true, schema = { type = "string" } }
          ]
          responses = { default = { description = "The function's answer." } }
          security  = [{ cognito = operation.scopes }]
          x-amazon-apigateway-integration = {
            httpMethod          = "POST"
            passthroughBehavior = "never"
            timeoutInMillis     = 29000
            type                = "aws_proxy"
            uri                 = "${local.invocation_prefix}/${local.function_arns[operation.function]}/invocations"
          }
        } if operation.path == path
      }
    }
    components = {
      securitySchemes = {
        cognito = {
          type                         = "apiKey"
          in                           = "header"
          name                         = "Authorization"
          x-amazon-apigateway-authtype = "cognito_user_pools"
          x-amazon-apigateway-authorizer = {
            authorizerResultTtlInSeconds = 0
            providerARNs                 = [var.identity.user_pool_arn]
            type                         = "cognito_user_pools"
          }
        }
      }
    }
  }))
}
