export declare const rooms: readonly string[];
export declare const entries: readonly string[];
