"""classes of causes, escalations, and why a window agreed on was refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refused', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), server_default='[]', nullable=False))

    # Windows of a proposal now count from 1.
    op.execute("UPDATE proposal SET chosen = chosen + 1 WHERE chosen IS NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE proposal SET chosen = chosen - 1 WHERE chosen IS NOT NULL")
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.drop_column('refused')
