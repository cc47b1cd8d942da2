output "alb_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "alb_arn_suffix" {
  description = "The load balancer as CloudWatch and autoscaling name it."
  value       = aws_lb.this.arn_suffix
}

output "alb_dns_name" {
  description = "DNS name of the load balancer, for an alias or CNAME record of the gateway's host name."
  value       = aws_lb.this.dns_name
}

output "alb_https_listener_arn" {
  description = "Listener that refuses everything until a rule allows it. It exists only with WAF in front, and when the load balancer can reach the issuer's keys."
  value       = aws_lb_listener.https.arn
  depends_on  = [aws_route.internet, aws_route.nat, aws_vpc_security_group_egress_rule.jwks, module.web_acl]
}

output "alb_security_group_id" {
  description = "Security group of the load balancer. Whoever runs targets adds the rule towards them."
  value       = aws_security_group.alb.id
}

output "alb_target_group_gateway_arn" {
  description = "Target group of the gateway's tasks."
  value       = aws_lb_target_group.gateway.arn
}

output "alb_target_group_gateway_arn_suffix" {
  description = "The target group as CloudWatch and autoscaling name it."
  value       = aws_lb_target_group.gateway.arn_suffix
}

output "alb_zone_id" {
  description = "Hosted zone of the load balancer, for an alias record."
  value       = aws_lb.this.zone_id
}

output "private_subnets" {
  description = "Ids of the private subnets, by zone. Whoever runs tasks there by this output waits for their ways out: routes, endpoints and the rules that let tasks use them."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
  depends_on = [
    aws_route.nat,
    aws_route_table_association.private,
    aws_vpc_endpoint.gateway,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]
}

output "vpc_endpoint_ids" {
  description = "Ids of the interface endpoints by service, for example `execute-api`."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}
