"""questions that nobody could answer, and votes on articles."""

import sqlalchemy as sa
from alembic import op
revision = '0006'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('articlevote',
    sa.Column('article', sa.String(), nullable=False),
    sa.Column('helped', sa.Integer(), nullable=False),
    sa.Column('not_helped', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('article')
    )
    op.create_table('unknownquestion',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('text_masked', sa.String(), nullable=False),
    sa.Column('folded', sa.String(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_by', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('folded')
    )


def downgrade() -> None:
    op.drop_table('unknownquestion')
    op.drop_table('articlevote')
