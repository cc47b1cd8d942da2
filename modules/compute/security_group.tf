resource "aws_security_group" "tasks" {
  name        = "${var.context.name}-tasks"
  description = "Gateway tasks: the edge's port from the load balancer, HTTPS outwards."
  vpc_id      = var.network.vpc_id

  tags = { Name = "${var.context.name}-tasks" }
}

# The pair of rules between load balancer and edge. Portkey, agent and collector listen in the task too,
# and nothing opens their ports.
resource "aws_vpc_security_group_egress_rule" "alb_to_edge" {
  description                  = "To the edge of the gateway tasks"
  from_port                    = local.edge_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.tasks.id
  security_group_id            = var.network.alb_security_group_id
  to_port                      = local.edge_port
}

resource "aws_vpc_security_group_ingress_rule" "edge_from_alb" {
  description                  = "To the edge, from the load balancer"
  from_port                    = local.edge_port
  ip_protocol                  = "tcp"
  referenced_security_group_id = var.network.alb_security_group_id
  security_group_id            = aws_security_group.tasks.id
  to_port                      = local.edge_port
}

resource "aws_vpc_security_group_egress_rule" "https" {
  cidr_ipv4         = "0.0.0.0/0"
  description       = "Providers and AWS, over TLS"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.tasks.id
  to_port           = 443
}
