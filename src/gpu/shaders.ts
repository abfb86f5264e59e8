import adaptiveControl from '../../shaders/adaptive/control.wgsl';
import adaptiveStage from '../../shaders/adaptive/stage.wgsl';
import adaptiveTrajectory from '../../shaders/adaptive/trajectory.wgsl';
import adjointGather from '../../shaders/adjoint/gather.wgsl';
import adjointGradient from '../../shaders/adjoint/gradient.wgsl';
import adjointRow from '../../shaders/adjoint/row.wgsl';
import dispatch from '../../shaders/batch/dispatch.wgsl';
import finite from '../../shaders/batch/finite.wgsl';
import lanes from '../../shaders/batch/lanes.wgsl';
import matrixUnits from '../../shaders/batch/matrix_units.wgsl';
import scalar from '../../shaders/batch/scalar.wgsl';
import slots from '../../shaders/batch/slots.wgsl';
import status from '../../shaders/batch/status.wgsl';
import subgroup from '../../shaders/batch/subgroup.wgsl';
import benchCopy from '../../shaders/bench/copy.wgsl';
import matrixMultiplyAdd from '../../shaders/bench/matrix_multiply_add.wgsl';
import multiplyAdd from '../../shaders/bench/multiply_add.wgsl';
import distillCotangent from '../../shaders/distill/cotangent.wgsl';
import distillDerivatives from '../../shaders/distill/derivatives.wgsl';
import distillDistance from '../../shaders/distill/distance.wgsl';
import distillLoss from '../../shaders/distill/loss.wgsl';
import distillMeasure from '../../shaders/distill/measure.wgsl';
import distillProducts from '../../shaders/distill/products.wgsl';
import distillWhole from '../../shaders/distill/whole.wgsl';
import divergenceProbe from '../../shaders/divergence/probe.wgsl';
import divergenceTrace from '../../shaders/divergence/trace.wgsl';
import divergenceUnit from '../../shaders/divergence/unit.wgsl';
import axpy from '../../shaders/doctor/axpy.wgsl';
import components from '../../shaders/field/components.wgsl';
import custom from '../../shaders/field/custom.wgsl';
import customVjp from '../../shaders/field/custom_vjp.wgsl';
import diverge from '../../shaders/field/diverge.wgsl';
import evaluate from '../../shaders/field/evaluate.wgsl';
import four from '../../shaders/field/four.wgsl';
import fieldLanes from '../../shaders/field/lanes.wgsl';
import mixture from '../../shaders/field/mixture.wgsl';
import mixtureDivergence from '../../shaders/field/mixture_divergence.wgsl';
import mixtureFew from '../../shaders/field/mixture_few.wgsl';
import mixtureJoinedVjp from '../../shaders/field/mixture_joined_vjp.wgsl';
import mixtureLanes from '../../shaders/field/mixture_lanes.wgsl';
import mixtureLanesVjp from '../../shaders/field/mixture_lanes_vjp.wgsl';
import mixturePairs from '../../shaders/field/mixture_pairs.wgsl';
import mixturePairsVjp from '../../shaders/field/mixture_pairs_vjp.wgsl';
import mixtureSegment from '../../shaders/field/mixture_segment.wgsl';
import mixtureSmall from '../../shaders/field/mixture_small.wgsl';
import mixtureSmallDivergence from '../../shaders/field/mixture_small_divergence.wgsl';
import mixtureSmallVjp from '../../shaders/field/mixture_small_vjp.wgsl';
import mixtureTiled from '../../shaders/field/mixture_tiled.wgsl';
import mixtureTiledDivergence from '../../shaders/field/mixture_tiled_divergence.wgsl';
import mixtureTiledVjp from '../../shaders/field/mixture_tiled_vjp.wgsl';
import mixtureVjp from '../../shaders/field/mixture_vjp.wgsl';
import modelInput from '../../shaders/field/model_input.wgsl';
import outside from '../../shaders/field/outside.wgsl';
import posterior from '../../shaders/field/posterior.wgsl';
import posteriorFew from '../../shaders/field/posterior_few.wgsl';
import posteriorSmall from '../../shaders/field/posterior_small.wgsl';
import posteriorTiled from '../../shaders/field/posterior_tiled.wgsl';
import pull from '../../shaders/field/pull.wgsl';
import shard from '../../shaders/field/shard.wgsl';
import fieldStaged from '../../shaders/field/staged.wgsl';
import fieldState from '../../shaders/field/state.wgsl';
import fieldTeam from '../../shaders/field/team.wgsl';
import fusedAsk from '../../shaders/fused/ask.wgsl';
import fusedAskTile from '../../shaders/fused/ask_tile.wgsl';
import fusedAsked from '../../shaders/fused/asked.wgsl';
import fusedCenterState from '../../shaders/fused/center_state.wgsl';
import fusedColumns from '../../shaders/fused/columns.wgsl';
import fusedCustom from '../../shaders/fused/custom.wgsl';
import fusedMixture from '../../shaders/fused/mixture.wgsl';
import fusedMixtureWide from '../../shaders/fused/mixture_wide.wgsl';
import fusedMlp from '../../shaders/fused/mlp.wgsl';
import fusedNoise from '../../shaders/fused/noise.wgsl';
import fusedPlan from '../../shaders/fused/plan.wgsl';
import fusedRegisters from '../../shaders/fused/registers.wgsl';
import fusedState from '../../shaders/fused/state.wgsl';
import fusedStateFeatures from '../../shaders/fused/state_features.wgsl';
import fusedTangentAsked from '../../shaders/fused/tangent_asked.wgsl';
import fusedTangentFeatures from '../../shaders/fused/tangent_features.wgsl';
import fusedTangentTileFeatures from '../../shaders/fused/tangent_tile_features.wgsl';
import fusedTileFeatures from '../../shaders/fused/tile_features.wgsl';
import fusedWideFeatures from '../../shaders/fused/wide_features.wgsl';
import mathSine from '../../shaders/math/sine.wgsl';
import mlpActivation from '../../shaders/mlp/activation.wgsl';
import mlpConditioning from '../../shaders/mlp/conditioning.wgsl';
import mlpConvention from '../../shaders/mlp/convention.wgsl';
import mlpEmbedding from '../../shaders/mlp/embedding.wgsl';
import mlpForward from '../../shaders/mlp/forward.wgsl';
import mlpGradient from '../../shaders/mlp/gradient.wgsl';
import mlpJvp from '../../shaders/mlp/jvp.wgsl';
import mlpLabels from '../../shaders/mlp/labels.wgsl';
import mlpLanesForward from '../../shaders/mlp/lanes/forward.wgsl';
import mlpLanesJvp from '../../shaders/mlp/lanes/jvp.wgsl';
import mlpLanesRows from '../../shaders/mlp/lanes/rows.wgsl';
import mlpLanesVjp from '../../shaders/mlp/lanes/vjp.wgsl';
import mlpLanesWeightGradient from '../../shaders/mlp/lanes/weight_gradient.wgsl';
import mlpLayerGradient from '../../shaders/mlp/layer_gradient.wgsl';
import mlpLayers from '../../shaders/mlp/layers.wgsl';
import mlpMatrix from '../../shaders/mlp/matrix.wgsl';
import mlpMatrixTile from '../../shaders/mlp/matrix_tile.wgsl';
import mlpPool from '../../shaders/mlp/pool.wgsl';
import mlpPrecondition from '../../shaders/mlp/precondition.wgsl';
import mlpPulled from '../../shaders/mlp/pulled.wgsl';
import mlpPush from '../../shaders/mlp/push.wgsl';
import mlpReduce from '../../shaders/mlp/reduce.wgsl';
import mlpShape from '../../shaders/mlp/shape.wgsl';
import mlpStaged from '../../shaders/mlp/staged.wgsl';
import mlpStates from '../../shaders/mlp/states.wgsl';
import mlpTape from '../../shaders/mlp/tape.wgsl';
import mlpTask from '../../shaders/mlp/task.wgsl';
import mlpTile from '../../shaders/mlp/tile.wgsl';
import mlpTranspose from '../../shaders/mlp/transpose.wgsl';
import mlpVjp from '../../shaders/mlp/vjp.wgsl';
import mlpWeightGradient from '../../shaders/mlp/weight_gradient.wgsl';
import mlpWeights from '../../shaders/mlp/weights.wgsl';
import predictorAnswers from '../../shaders/predictor/answers.wgsl';
import predictorCenter from '../../shaders/predictor/center.wgsl';
import predictorCoefficients from '../../shaders/predictor/coefficients.wgsl';
import predictorCoefficientsVjp from '../../shaders/predictor/coefficients_vjp.wgsl';
import predictorColumns from '../../shaders/predictor/columns.wgsl';
import predictorDeis from '../../shaders/predictor/deis.wgsl';
import predictorDeltas from '../../shaders/predictor/deltas.wgsl';
import predictorDouble from '../../shaders/predictor/double.wgsl';
import predictorDpmpp from '../../shaders/predictor/dpmpp.wgsl';
import predictorDual from '../../shaders/predictor/dual.wgsl';
import predictorFigures from '../../shaders/predictor/figures.wgsl';
import predictorIpndm from '../../shaders/predictor/ipndm.wgsl';
import predictorNetwork from '../../shaders/predictor/network.wgsl';
import predictorNetworkGradient from '../../shaders/predictor/network_gradient.wgsl';
import predictorNetworkVjp from '../../shaders/predictor/network_vjp.wgsl';
import predictorProducts from '../../shaders/predictor/products.wgsl';
import predictorSingle from '../../shaders/predictor/single.wgsl';
import predictorSlotFeatures from '../../shaders/predictor/slot_features.wgsl';
import predictorStateFeatures from '../../shaders/predictor/state_features.wgsl';
import predictorStep from '../../shaders/predictor/step.wgsl';
import predictorUnipc from '../../shaders/predictor/unipc.wgsl';
import predictorWeights from '../../shaders/predictor/weights.wgsl';
import processDiffuse from '../../shaders/process/diffuse.wgsl';
import repeatedCombine from '../../shaders/repeated/combine.wgsl';
import repeatedEulerAt from '../../shaders/repeated/euler_at.wgsl';
import repeatedRow from '../../shaders/repeated/row.wgsl';
import noise from '../../shaders/rng/noise.wgsl';
import normal from '../../shaders/rng/normal.wgsl';
import threefry from '../../shaders/rng/threefry.wgsl';
import sidDraw from '../../shaders/sid/draw.wgsl';
import sidJoin from '../../shaders/sid/join.wgsl';
import sidLoss from '../../shaders/sid/loss.wgsl';
import sidNoise from '../../shaders/sid/noise.wgsl';
import sidRun from '../../shaders/sid/run.wgsl';
import tangentColumnSums from '../../shaders/tangent/column_sums.wgsl';
import tangentEvaluation from '../../shaders/tangent/evaluation.wgsl';
import tangentFigures from '../../shaders/tangent/figures.wgsl';
import tangentMovedColumns from '../../shaders/tangent/moved_columns.wgsl';
import tangentNetwork from '../../shaders/tangent/network.wgsl';
import tangentNetworkVjp from '../../shaders/tangent/network_vjp.wgsl';
import tangentOutputs from '../../shaders/tangent/outputs.wgsl';
import tangentSharedMoves from '../../shaders/tangent/shared_moves.wgsl';
import tangentSlotFeatures from '../../shaders/tangent/slot_features.wgsl';
import tangentTangent from '../../shaders/tangent/tangent.wgsl';
import tangentWeightGradient from '../../shaders/tangent/weight_gradient.wgsl';
import trainDraw from '../../shaders/train/draw.wgsl';
import trainFigures from '../../shaders/train/figures.wgsl';
import trainLevel from '../../shaders/train/level.wgsl';
import trainLoss from '../../shaders/train/loss.wgsl';
import trainMeasure from '../../shaders/train/measure.wgsl';
import trainNorm from '../../shaders/train/norm.wgsl';
import trainStep from '../../shaders/train/step.wgsl';
import trainUpdate from '../../shaders/train/update.wgsl';
import combine from '../../shaders/update/combine.wgsl';
import constant from '../../shaders/update/constant.wgsl';
import euler from '../../shaders/update/euler.wgsl';
import eulerAt from '../../shaders/update/euler_at.wgsl';
import heun from '../../shaders/update/heun.wgsl';
import updateNoise from '../../shaders/update/noise.wgsl';

/** Every shader by its path under `shaders/`, so that a browser bundle carries them; a test compares with the folder. */
export const shaders = {
  'adjoint/gather': adjointGather,
  'adjoint/gradient': adjointGradient,
  'adjoint/row': adjointRow,
  'adaptive/control': adaptiveControl,
  'adaptive/stage': adaptiveStage,
  'adaptive/trajectory': adaptiveTrajectory,
  'batch/dispatch': dispatch,
  'batch/finite': finite,
  'batch/lanes': lanes,
  'batch/matrix_units': matrixUnits,
  'batch/scalar': scalar,
  'batch/slots': slots,
  'batch/status': status,
  'batch/subgroup': subgroup,
  'bench/copy': benchCopy,
  'bench/matrix_multiply_add': matrixMultiplyAdd,
  'bench/multiply_add': multiplyAdd,
  'distill/cotangent': distillCotangent,
  'distill/derivatives': distillDerivatives,
  'distill/distance': distillDistance,
  'distill/loss': distillLoss,
  'distill/measure': distillMeasure,
  'distill/products': distillProducts,
  'distill/whole': distillWhole,
  'divergence/probe': divergenceProbe,
  'divergence/trace': divergenceTrace,
  'divergence/unit': divergenceUnit,
  'doctor/axpy': axpy,
  'field/components': components,
  'field/custom': custom,
  'field/custom_vjp': customVjp,
  'field/model_input': modelInput,
  'field/outside': outside,
  'field/diverge': diverge,
  'field/evaluate': evaluate,
  'field/four': four,
  'field/lanes': fieldLanes,
  'field/mixture': mixture,
  'field/mixture_divergence': mixtureDivergence,
  'field/mixture_few': mixtureFew,
  'field/mixture_joined_vjp': mixtureJoinedVjp,
  'field/mixture_lanes': mixtureLanes,
  'field/mixture_lanes_vjp': mixtureLanesVjp,
  'field/mixture_pairs': mixturePairs,
  'field/mixture_pairs_vjp': mixturePairsVjp,
  'field/mixture_segment': mixtureSegment,
  'field/mixture_small': mixtureSmall,
  'field/mixture_small_divergence': mixtureSmallDivergence,
  'field/mixture_small_vjp': mixtureSmallVjp,
  'field/mixture_tiled': mixtureTiled,
  'field/mixture_tiled_divergence': mixtureTiledDivergence,
  'field/mixture_tiled_vjp': mixtureTiledVjp,
  'field/mixture_vjp': mixtureVjp,
  'field/posterior': posterior,
  'field/posterior_few': posteriorFew,
  'field/posterior_small': posteriorSmall,
  'field/posterior_tiled': posteriorTiled,
  'field/pull': pull,
  'field/shard': shard,
  'field/staged': fieldStaged,
  'field/team': fieldTeam,
  'field/state': fieldState,
  'fused/ask': fusedAsk,
  'fused/ask_tile': fusedAskTile,
  'fused/asked': fusedAsked,
  'fused/center_state': fusedCenterState,
  'fused/columns': fusedColumns,
  'fused/custom': fusedCustom,
  'fused/mixture': fusedMixture,
  'fused/mixture_wide': fusedMixtureWide,
  'fused/mlp': fusedMlp,
  'fused/noise': fusedNoise,
  'fused/plan': fusedPlan,
  'fused/registers': fusedRegisters,
  'fused/state': fusedState,
  'fused/state_features': fusedStateFeatures,
  'fused/tangent_asked': fusedTangentAsked,
  'fused/tangent_features': fusedTangentFeatures,
  'fused/tangent_tile_features': fusedTangentTileFeatures,
  'fused/tile_features': fusedTileFeatures,
  'fused/wide_features': fusedWideFeatures,
  'math/sine': mathSine,
  'mlp/activation': mlpActivation,
  'mlp/conditioning': mlpConditioning,
  'mlp/convention': mlpConvention,
  'mlp/embedding': mlpEmbedding,
  'mlp/forward': mlpForward,
  'mlp/gradient': mlpGradient,
  'mlp/jvp': mlpJvp,
  'mlp/labels': mlpLabels,
  'mlp/lanes/forward': mlpLanesForward,
  'mlp/lanes/jvp': mlpLanesJvp,
  'mlp/lanes/rows': mlpLanesRows,
  'mlp/lanes/vjp': mlpLanesVjp,
  'mlp/lanes/weight_gradient': mlpLanesWeightGradient,
  'mlp/layer_gradient': mlpLayerGradient,
  'mlp/layers': mlpLayers,
  'mlp/matrix': mlpMatrix,
  'mlp/matrix_tile': mlpMatrixTile,
  'mlp/pool': mlpPool,
  'mlp/precondition': mlpPrecondition,
  'mlp/pulled': mlpPulled,
  'mlp/push': mlpPush,
  'mlp/reduce': mlpReduce,
  'mlp/shape': mlpShape,
  'mlp/staged': mlpStaged,
  'mlp/states': mlpStates,
  'mlp/tape': mlpTape,
  'mlp/task': mlpTask,
  'mlp/tile': mlpTile,
  'mlp/transpose': mlpTranspose,
  'mlp/vjp': mlpVjp,
  'mlp/weight_gradient': mlpWeightGradient,
  'predictor/answers': predictorAnswers,
  'predictor/center': predictorCenter,
  'predictor/coefficients': predictorCoefficients,
  'predictor/coefficients_vjp': predictorCoefficientsVjp,
  'predictor/columns': predictorColumns,
  'predictor/deis': predictorDeis,
  'predictor/deltas': predictorDeltas,
  'predictor/double': predictorDouble,
  'predictor/dpmpp': predictorDpmpp,
  'predictor/dual': predictorDual,
  'predictor/figures': predictorFigures,
  'predictor/ipndm': predictorIpndm,
  'predictor/network': predictorNetwork,
  'predictor/network_gradient': predictorNetworkGradient,
  'predictor/network_vjp': predictorNetworkVjp,
  'predictor/products': predictorProducts,
  'predictor/single': predictorSingle,
  'predictor/slot_features': predictorSlotFeatures,
  'predictor/state_features': predictorStateFeatures,
  'predictor/step': predictorStep,
  'predictor/unipc': predictorUnipc,
  'mlp/weights': mlpWeights,
  'predictor/weights': predictorWeights,
  'process/diffuse': processDiffuse,
  'repeated/combine': repeatedCombine,
  'repeated/euler_at': repeatedEulerAt,
  'repeated/row': repeatedRow,
  'rng/noise': noise,
  'rng/normal': normal,
  'rng/threefry': threefry,
  'sid/draw': sidDraw,
  'sid/join': sidJoin,
  'sid/loss': sidLoss,
  'sid/noise': sidNoise,
  'sid/run': sidRun,
  'tangent/column_sums': tangentColumnSums,
  'tangent/evaluation': tangentEvaluation,
  'tangent/figures': tangentFigures,
  'tangent/moved_columns': tangentMovedColumns,
  'tangent/network': tangentNetwork,
  'tangent/network_vjp': tangentNetworkVjp,
  'tangent/outputs': tangentOutputs,
  'tangent/shared_moves': tangentSharedMoves,
  'tangent/slot_features': tangentSlotFeatures,
  'tangent/tangent': tangentTangent,
  'tangent/weight_gradient': tangentWeightGradient,
  'train/draw': trainDraw,
  'train/figures': trainFigures,
  'train/level': trainLevel,
  'train/loss': trainLoss,
  'train/measure': trainMeasure,
  'train/norm': trainNorm,
  'train/step': trainStep,
  'train/update': trainUpdate,
  'update/combine': combine,
  'update/constant': constant,
  'update/euler': euler,
  'update/euler_at': eulerAt,
  'update/heun': heun,
  'update/noise': updateNoise,
} as const;

/** The kernels that come along, by their place in shaders/ without the extension: 'update/euler'. */
export type ShaderName = keyof typeof shaders;
