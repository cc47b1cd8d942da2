locals {
  # Zones that have a NAT gateway of their own; the others use the first one's.
  nat_zones = var.nat == "single" ? slice(var.availability_zones, 0, 1) : var.availability_zones
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"

  tags = { Name = "${var.context.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = { Name = "${var.context.name}-${each.key}" }

  # Without the internet gateway a NAT gateway cannot start.
  depends_on = [aws_internet_gateway.this]
}
