"""classes of causes, escalations, and why a window agreed on was refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('escalation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('reason', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_by', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('escalation', schema=None) as batch_op:
        batch_op.create_index('ix_escalation_subject', ['subject'], unique=False)
        batch_op.create_index('uq_escalation_open', ['kind', 'subject'], unique=True, sqlite_where=sa.text('acknowledged_at IS NULL'), postgresql_where=sa.text('acknowledged_at IS NULL'))

    op.create_table('outagecause',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('outage_id', sa.Integer(), nullable=False),
    sa.Column('cause_class', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['outage_id'], ['outage.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('outagecause', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outagecause_outage_id'), ['outage_id'], unique=False)

    with op.batch_alter_table('outage', schema=None) as batch_op:
        batch_op.add_column(sa.Column('cause_class', sa.String(), server_default='unknown', nullable=False))

    op.execute("UPDATE outage SET cause_class = 'planned' WHERE kind = 'planned'")
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refused', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), server_default='[]', nullable=False))

    # Windows of a proposal now count from 1.
    op.execute("UPDATE proposal SET chosen = chosen + 1 WHERE chosen IS NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE proposal SET chosen = chosen - 1 WHERE chosen IS NOT NULL")
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.drop_column('refused')

    with op.batch_alter_table('outage', schema=None) as batch_op:
        batch_op.drop_column('cause_class')

    with op.batch_alter_table('outagecause', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outagecause_outage_id'))

    op.drop_table('outagecause')
    with op.batch_alter_table('escalation', schema=None) as batch_op:
        batch_op.drop_index('uq_escalation_open', sqlite_where=sa.text('acknowledged_at IS NULL'), postgresql_where=sa.text('acknowledged_at IS NULL'))
        batch_op.drop_index('ix_escalation_subject')

    op.drop_table('escalation')
