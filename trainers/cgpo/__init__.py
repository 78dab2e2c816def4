"""temporary"""
from .calibration import multi_task_loss, sequence_logps, calibrated_reward
from .codpo import codpo_loss, codpo_select
from .crpg import crpg, crpg_loss
from .crraft import crraft_loss, crraft_select
