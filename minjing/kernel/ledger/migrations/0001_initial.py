import minjing.kernel.ledger.models
from django.db import migrations, models

from minjing.kernel.ledger.sql import script


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    # The tables are written by hand (identity, xid8, checks, storage); Django is told what they look like.
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    script("schema"),
                    "DROP FUNCTION ledger_frame, ledger_index; DROP TABLE ledger_outbox, ledger_erased, ledger_bundle,"
                    " ledger_tile, ledger_state, ledger_checkpoint",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name='Bundle',
                    fields=[
                        ('n', models.BigIntegerField(primary_key=True, serialize=False)),
                        ('xid', minjing.kernel.ledger.models.TransactionId()),
                        ('seq', models.BigIntegerField()),
                        ('entries', models.BinaryField(null=True)),
                    ],
                    options={
                        'db_table': 'ledger_bundle',
                    },
                ),
                migrations.CreateModel(
                    name='Checkpoint',
                    fields=[
                        ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                        ('root', models.BinaryField()),
                        ('at', models.DateTimeField()),
                        ('note', models.TextField(null=True)),
                    ],
                    options={
                        'db_table': 'ledger_checkpoint',
                    },
                ),
                migrations.CreateModel(
                    name='Erased',
                    fields=[
                        ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                        ('erased_by', models.UUIDField()),
                        ('commitment', models.BinaryField()),
                    ],
                    options={
                        'db_table': 'ledger_erased',
                    },
                ),
                migrations.CreateModel(
                    name='Outbox',
                    fields=[
                        ('xid', minjing.kernel.ledger.models.TransactionId()),
                        ('seq', models.BigIntegerField()),
                        ('at', models.DateTimeField()),
                        ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                        ('subject_id', models.UUIDField(null=True)),
                        ('actor_id', models.UUIDField(null=True)),
                        ('object_id', models.UUIDField(null=True)),
                        ('org_id', models.SmallIntegerField(default=0)),
                        ('kind', models.TextField()),
                        ('salt', models.BinaryField(null=True)),
                        ('payload', models.BinaryField(null=True)),
                    ],
                    options={
                        'db_table': 'ledger_outbox',
                    },
                ),
                migrations.CreateModel(
                    name='State',
                    fields=[
                        ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                        ('size', models.BigIntegerField()),
                        ('root', models.BinaryField()),
                        ('cut_xid', minjing.kernel.ledger.models.TransactionId()),
                        ('cut_seq', models.BigIntegerField()),
                        ('at', models.DateTimeField()),
                    ],
                    options={
                        'db_table': 'ledger_state',
                    },
                ),
                migrations.CreateModel(
                    name='Tile',
                    fields=[
                        ('pk', models.CompositePrimaryKey('level', 'n', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('level', models.SmallIntegerField()),
                        ('n', models.BigIntegerField()),
                        ('width', models.SmallIntegerField()),
                        ('hashes', models.BinaryField()),
                    ],
                    options={
                        'db_table': 'ledger_tile',
                    },
                ),
            ],
        ),
        migrations.RunSQL(
            script("guards"),
            "DROP FUNCTION ledger_refuse, ledger_outbox_guard, ledger_bundle_guard, ledger_tile_guard,"
            " ledger_state_guard, ledger_checkpoint_guard CASCADE",
        ),
    ]
