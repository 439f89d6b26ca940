import type { Adjusted } from './service/adjust-stock.ts';
import type { ReservationOf } from './service/reservations.ts';
import type { LevelRow, MovementRow } from './store/levels.ts';
import type { Item } from './store/items.ts';
import type { ReservationLineRow } from './store/reservations.ts';
import type { Warehouse } from './store/warehouses.ts';
import type { Availability, AvailabilityOfProduct } from './policy.ts';

export type StockAvailabilityMapper = Availability;
export type ProductAvailabilityMapper = AvailabilityOfProduct;
export type WarehouseMapper = Warehouse;
export type StockItemMapper = Item;
export type StockLevelMapper = LevelRow;
export type StockMovementMapper = MovementRow;
export type StockReservationMapper = ReservationOf;
export type StockReservationLineMapper = ReservationLineRow;
export type StockAdjustmentResultMapper = Adjusted;
