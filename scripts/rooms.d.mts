export declare const rooms: readonly string[];
