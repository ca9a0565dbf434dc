"""an extent is read from its index alone."""

import sqlalchemy as sa
from alembic import op
revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

EXTENT = ['feeder_code', 'segment', 'ward_code', 'code', 'important']


def upgrade() -> None:
    op.drop_index('ix_customer_extent', table_name='customer')
    if op.get_bind().dialect.name == 'sqlite':
        op.create_index('ix_customer_extent', 'customer', [*EXTENT, 'gone'], unique=False)
    else:
        op.create_index('ix_customer_on_feeder', 'customer', ['feeder_code'], unique=False,
            postgresql_include=['segment', 'ward_code', 'code', 'important'], postgresql_where=sa.text('NOT gone'))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.drop_index('ix_customer_extent', table_name='customer')
    else:
        op.drop_index('ix_customer_on_feeder', table_name='customer')
    op.create_index('ix_customer_extent', 'customer', EXTENT, unique=False)
